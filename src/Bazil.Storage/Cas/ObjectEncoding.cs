namespace Bazil.Storage.Cas;

/// <summary>The first byte of an object: how its content is written. Numbers are never reused.</summary>
public enum ObjectEncoding : byte
{
    /// <summary>The box of the plaintext; its nonce follows from the chunk's name.</summary>
    Plain = 0,
}
