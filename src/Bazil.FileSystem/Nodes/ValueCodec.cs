using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Unix;

namespace Bazil.FileSystem.Nodes;

/// <summary>The canonical forms of the values in facets; see <see cref="NodeCodec"/> and docs/sync.md.</summary>
internal static class ValueCodec
{
    public static void WriteTime(WireWriter writer, UnixTime time)
    {
        writer.WriteUInt64(unchecked((ulong)time.Seconds));
        writer.WriteUInt32(time.Nanoseconds);
    }

    public static UnixTime ReadTime(ref WireReader reader)
    {
        long seconds = unchecked((long)reader.ReadUInt64());
        uint nanoseconds = reader.ReadUInt32();
        if (nanoseconds >= UnixTime.NanosecondsPerSecond) throw reader.Malformed($"a time has {nanoseconds} nanoseconds");
        return new UnixTime(seconds, nanoseconds);
    }

    public static void WritePlace(WireWriter writer, Place place)
    {
        writer.WriteNodeId(place.Parent);
        writer.WriteBytes(place.Name.Span);
    }

    public static Place ReadPlace(ref WireReader reader)
    {
        NodeId parent = reader.ReadNodeId();
        ReadOnlySpan<byte> bytes = reader.ReadBytes(Limits.NameBytesMax);
        if (!FileName.TryCreate(bytes, out FileName name)) throw reader.Malformed($"not a file name: {Convert.ToHexStringLower(bytes)}");
        return new Place(parent, name);
    }

    public static void WriteContent(WireWriter writer, ContentValue content)
    {
        writer.WriteByte((byte)content.Form);
        WriteTime(writer, content.ModifyTime);
        switch (content.Form)
        {
            case ContentForm.Blob:
                writer.WriteFixed(content.Manifest.Root.Span);
                writer.WriteVariable(content.Manifest.SizeBytes);
                writer.WriteVariable(content.Manifest.ChunkSizeBytes);
                writer.WriteVariable(content.Manifest.Fanout);
                writer.WriteVariable(content.Manifest.KeyEpoch);
                break;
            case ContentForm.Special:
                writer.WriteVariable(content.Device);
                break;
            default:
                writer.WriteBytes(content.Bytes.Span);
                break;
        }
    }

    public static ContentValue ReadContent(ref WireReader reader)
    {
        var form = (ContentForm)reader.ReadByte();
        UnixTime time = ReadTime(ref reader);
        return form switch
        {
            ContentForm.Inline => ContentValue.Inline(reader.ReadBytes(Limits.InlineBytesMax), time),
            ContentForm.Symlink => ContentValue.Symlink(reader.ReadBytes(Limits.SymlinkBytesMax), time),
            ContentForm.Special => ContentValue.Special(ReadUInt32(ref reader), time),
            ContentForm.Blob => ContentValue.Blob(ReadManifest(ref reader), time),
            _ => throw reader.Malformed($"unknown form of content {(byte)form}"),
        };
    }

    public static void WriteAttributes(WireWriter writer, AttributeValue attributes)
    {
        writer.WriteVariable(attributes.Mode);
        writer.WriteUInt32(attributes.Owner);
        writer.WriteUInt32(attributes.Group);
        WriteTime(writer, attributes.ModifyTime);
        writer.WriteVariable((ulong)attributes.Extended.Count);
        foreach (KeyValuePair<byte[], byte[]> entry in attributes.Extended.Entries)
        {
            writer.WriteBytes(entry.Key);
            writer.WriteBytes(entry.Value);
        }
    }

    public static AttributeValue ReadAttributes(ref WireReader reader)
    {
        uint mode = ReadUInt32(ref reader);
        if (mode > 0xFFF) throw reader.Malformed($"mode {mode:x} has bits beyond 07777");
        uint owner = reader.ReadUInt32();
        uint group = reader.ReadUInt32();
        UnixTime time = ReadTime(ref reader);
        ExtendedAttributes extended = ExtendedAttributes.None;
        int count = reader.ReadCount(Limits.XAttrTotalBytesMax, 2);
        ReadOnlySpan<byte> previous = [];
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> name = reader.ReadBytes(Limits.XAttrNameBytesMax);
            if (name.IsEmpty || name.Contains((byte)0) || name.SequenceCompareTo(previous) <= 0) throw reader.Malformed("attribute names are out of order");
            extended = extended.With(name, reader.ReadBytes(Limits.XAttrValueBytesMax));
            previous = name;
        }

        return new AttributeValue(mode, owner, group, time, extended);
    }

    public static void WriteEpoch(WireWriter writer, KeyEpoch epoch)
    {
        writer.WriteVariable(epoch.Generation);
        WriteFingerprint(writer, epoch.Key);
    }

    public static KeyEpoch ReadEpoch(ref WireReader reader)
    {
        uint generation = ReadUInt32(ref reader);
        if (generation is 0 or > KeyEpoch.GenerationMax) throw reader.Malformed($"a key epoch of generation {generation}");
        return new KeyEpoch(generation, ReadFingerprint(ref reader));
    }

    public static void WriteRelease(WireWriter writer, EpochRelease release)
    {
        writer.WriteFixed(release.Member.Span);
        WriteFingerprint(writer, release.Key);
    }

    public static EpochRelease ReadRelease(ref WireReader reader)
    {
        PeerId member = reader.ReadPeerId();
        return new EpochRelease(member, ReadFingerprint(ref reader));
    }

    private static void WriteFingerprint(WireWriter writer, KeyFingerprint key)
    {
        Span<byte> bytes = stackalloc byte[KeyFingerprint.Size];
        key.Write(bytes);
        writer.WriteFixed(bytes);
    }

    private static KeyFingerprint ReadFingerprint(ref WireReader reader) => KeyFingerprint.Read(reader.ReadFixed(KeyFingerprint.Size));

    private static Manifest ReadManifest(ref WireReader reader)
    {
        ChunkKey root = reader.ReadChunkKey();
        ulong size = reader.ReadVariable();
        uint chunkSize = ReadUInt32(ref reader);
        uint fanout = ReadUInt32(ref reader);
        uint epoch = ReadUInt32(ref reader);
        var manifest = new Manifest(root, size, chunkSize, (ushort)Math.Min(fanout, ushort.MaxValue), epoch);
        if (fanout > ushort.MaxValue || !BlobLimits.Accepts(manifest)) throw reader.Malformed($"a manifest with chunks of {chunkSize}, fanout {fanout}, size {size}");
        return manifest;
    }

    private static uint ReadUInt32(ref WireReader reader)
    {
        ulong value = reader.ReadVariable();
        return value <= uint.MaxValue ? (uint)value : throw reader.Malformed($"{value} is beyond 32 bits");
    }
}
