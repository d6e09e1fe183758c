namespace Bazil.Storage.Metadata;

/// <summary>Scans and deletions of all keys with a common prefix.</summary>
public static class MetadataPrefix
{
    /// <summary>Scans all keys that begin with <paramref name="prefix"/>. Contract as for <see cref="IMetadataReader.Scan"/>.</summary>
    public static IMetadataCursor ScanPrefix(this IMetadataReader reader, ReadOnlySpan<byte> prefix) =>
        reader.Scan(prefix, MetadataKey.PrefixEnd(prefix, stackalloc byte[MetadataKey.MaxSize]));

    /// <summary>Deletes all keys that begin with <paramref name="prefix"/>, which must not be empty or all 0xFF.</summary>
    public static void DeletePrefix(this MetadataBatch batch, ReadOnlySpan<byte> prefix) =>
        batch.DeleteRange(prefix, MetadataKey.PrefixEnd(prefix, stackalloc byte[MetadataKey.MaxSize]));
}
