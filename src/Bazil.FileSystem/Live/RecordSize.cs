using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>About how much memory a decoded record takes, for bounding caches of them.</summary>
internal static class RecordSize
{
    /// <summary>A record with one link, one small content and plain attributes, with its places in a cache; measured (docs/memory.md).</summary>
    private const int BaseBytes = 1400;
    private const int LinkBytes = 300;
    private const int PairBytes = 150;
    private const int AttributeBytes = 96;

    public static int Of(NodeRecord record)
    {
        int bytes = BaseBytes + (Math.Max(0, record.Links.Count - 1) * LinkBytes);
        bytes += PairBytes * (Math.Max(0, record.Content.Pairs.Length - 1) + Math.Max(0, record.Attributes.Pairs.Length - 1));
        foreach (FacetPair<ContentValue> pair in record.Content.Pairs) bytes += pair.Value.Bytes.Length;
        foreach (FacetPair<AttributeValue> pair in record.Attributes.Pairs)
        {
            if (pair.Value.Extended.TotalBytes is > 0 and var extended) bytes += extended + AttributeBytes;
        }

        if (record.Held is { } held) bytes += (held.Places.Count * LinkBytes) + AttributeBytes + (held.Content?.Value.Bytes.Length ?? 0) + (held.Attributes?.Extended.TotalBytes ?? 0);
        return bytes;
    }
}
