namespace Bazil.Storage.Cas;

/// <summary>The first byte of an object: how its content is written. Numbers are never reused.</summary>
public enum ObjectEncoding : byte
{
    /// <summary>The box of the plaintext; its nonce follows from the chunk's name.</summary>
    Plain = 0,

    /// <summary>A nonce, and the box of the plaintext's zstd frame; the nonce is a keyed hash over frame and name.</summary>
    Compressed = 1,
}
