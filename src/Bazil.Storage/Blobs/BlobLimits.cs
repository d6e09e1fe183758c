namespace Bazil.Storage.Blobs;

/// <summary>Bounds of blobs.</summary>
public static class BlobLimits
{
    /// <summary>Smaller chunks would cost more in names and records than in content.</summary>
    public const uint ChunkSizeBytesMin = 4096;

    /// <inheritdoc cref="Stores.ObjectLimits.ChunkSizeBytesMax"/>
    public const uint ChunkSizeBytesMax = Stores.ObjectLimits.ChunkSizeBytesMax;

    public const ushort FanoutMin = 2;

    /// <summary>A pointer chunk of 32 KiB: larger ones make every small write expensive.</summary>
    public const ushort FanoutMax = 1024;

    /// <summary>The largest file the kernel can address (off_t).</summary>
    public const ulong SizeBytesMax = long.MaxValue;

    /// <summary>Opening so much takes several times as long as handing it to another thread; less is not worth it.</summary>
    public const int TaskBytes = 128 * 1024;

    /// <summary>Chunks that one read fetches at the same time.</summary>
    public const int ReadConcurrencyMax = 16;

    /// <summary>True when a blob with this manifest can be opened. Manifests that come from outside are checked with it where they are parsed.</summary>
    public static bool Accepts(in Manifest manifest) =>
        manifest.SizeBytes <= SizeBytesMax
        && manifest.ChunkSizeBytes is >= ChunkSizeBytesMin and <= ChunkSizeBytesMax
        && uint.IsPow2(manifest.ChunkSizeBytes)
        && manifest.Fanout is >= FanoutMin and <= FanoutMax;
}
