using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>Reads all records of volume 1 straight from the rows.</summary>
internal static class StateReader
{
    public static List<NodeRecord> Records(IMetadataStore metadata)
    {
        var tables = new VolumeTables(metadata, 1);
        Dictionary<uint, Knowledge> references = VolumeState.ReadReferences(tables);
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Bytes.ToArray();
        var records = new List<NodeRecord>();
        using IMetadataCursor cursor = metadata.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            InodeId inode = new MetadataKeyReader(cursor.Key[prefix.Length..]).ReadInode();
            records.Add(NodeCodec.DecodeRow(inode, cursor.Value, id => references.GetValueOrDefault(id, Knowledge.Empty)));
        }

        return records;
    }

    private static string Epochs(NodeRecord record) =>
        string.Join(' ', record.Content.Pairs.ToArray().Where(pair => pair.Value.Form == ContentForm.Blob).Select(pair => pair.Value.Manifest.KeyEpoch));

    /// <summary>
    /// Node → its sets and places. Stamps are an index only, and a removed link may be purged on one side before the
    /// other, so both are left out.
    /// </summary>
    public static SortedDictionary<string, string> Read(IMetadataStore metadata)
    {
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (NodeRecord record in Records(metadata).Where(record => record.Id != NodeId.Root))
        {
            string links = string.Join(", ", record.LiveLinks.Select(link => $"{link.Id}:{link.Places}"));
            string places = string.Join(", ", record.Places().Select(place => $"{place.LinkId}>{place.Place.Parent}/{place.Place.Name}"));
            state[$"{record.Id}"] = $"{record.Kind} content {record.Content} attributes {record.Attributes} links {links} at {places} members {record.Members} ended {record.Ended} epochs {record.Epochs} releases {record.Releases} sealed {Epochs(record)}";
        }

        return state;
    }
}
