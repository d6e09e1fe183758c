namespace Bazil.Storage.Metadata;

/// <summary>Reads of an ordered key-value store: the live one, or a frozen snapshot of it. Safe for concurrent use.</summary>
public interface IMetadataReader
{
    /// <summary>Returns the value, or null when the key is absent. The array is the caller's.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>
    /// Scans keys in <c>[from, to)</c> in bytewise order, as of the moment of the call (later commits are not seen).
    /// An empty <paramref name="to"/> means to the end. One thread at a time; the caller disposes it.
    /// </summary>
    IMetadataCursor Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to);
}
