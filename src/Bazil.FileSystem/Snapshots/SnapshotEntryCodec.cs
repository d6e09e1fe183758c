using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// The canonical form of an entry behind its name; to the byte in docs/snapshots.md. On purpose not the codec of the
/// live records: those change with the database, this is read for as long as a snapshot lives. What could not be read back is
/// not written either.
/// </summary>
internal static class SnapshotEntryCodec
{
    private const byte InlineForm = 1;
    private const byte BlobForm = 2;

    /// <summary>07777.</summary>
    private const uint ModeMax = 0xFFF;

    public static void Write(WireWriter writer, SnapshotEntry entry)
    {
        Invariant.Check(entry.Name.Span.Length > 0);
        Invariant.Check(entry.IsDirectory == entry.Directory.HasValue && entry.IsDirectory != (entry.Content is not null));
        writer.WriteNodeId(entry.Node);
        writer.WriteByte((byte)entry.Kind);
        WriteTime(writer, entry.ModifyTime);
        WriteAttributes(writer, entry.Attributes);
        if (entry.Directory is { } directory) WriteDirectory(writer, directory);
        else WriteContent(writer, entry.Kind, entry.Content!);
    }

    /// <exception cref="WireFormatException">Not canonical, beyond a limit, or of an unknown kind.</exception>
    public static SnapshotEntry Read(ReadOnlySpan<byte> name, ReadOnlySpan<byte> body, ulong nextCookie, string format)
    {
        var reader = new WireReader(body, format);
        if (!FileName.TryCreate(name, out FileName fileName)) throw reader.Malformed($"not a file name: {Convert.ToHexStringLower(name)}");
        NodeId node = reader.ReadNodeId();
        var kind = (NodeKind)reader.ReadByte();
        UnixTime modifyTime = ReadTime(ref reader);
        AttributeValue attributes = ReadAttributes(ref reader, modifyTime);
        bool isDirectory = kind == NodeKind.Directory;
        DirectoryManifest? directory = isDirectory ? ReadDirectory(ref reader) : null;
        ContentValue? content = isDirectory ? null : ReadContent(ref reader, kind, modifyTime);
        reader.ExpectEnd();
        return new SnapshotEntry
        {
            Name = fileName,
            Node = node,
            Kind = kind,
            ModifyTime = modifyTime,
            Attributes = attributes,
            Content = content,
            Directory = directory,
            NextCookie = nextCookie,
        };
    }

    public static void WriteTime(WireWriter writer, UnixTime time)
    {
        Invariant.Check(time.Nanoseconds < UnixTime.NanosecondsPerSecond);
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

    public static void WriteAttributes(WireWriter writer, AttributeValue attributes)
    {
        Invariant.Check(attributes.Mode <= ModeMax && attributes.Extended.Count <= SnapshotLimits.XAttrCountMax);
        writer.WriteVariable(attributes.Mode);
        writer.WriteUInt32(attributes.Owner);
        writer.WriteUInt32(attributes.Group);
        writer.WriteVariable((ulong)attributes.Extended.Count);
        foreach (KeyValuePair<byte[], byte[]> extended in attributes.Extended.Entries)
        {
            writer.WriteBytes(extended.Key);
            writer.WriteBytes(extended.Value);
        }
    }

    public static AttributeValue ReadAttributes(ref WireReader reader, UnixTime modifyTime)
    {
        ulong mode = reader.ReadVariable();
        if (mode > ModeMax) throw reader.Malformed($"mode {mode:x} has bits beyond 07777");
        uint owner = reader.ReadUInt32();
        uint group = reader.ReadUInt32();
        int count = reader.ReadCount(SnapshotLimits.XAttrCountMax, 3);
        if (count == 0) return new AttributeValue((uint)mode, owner, group, modifyTime, ExtendedAttributes.None);

        var extended = new KeyValuePair<byte[], byte[]>[count];
        byte[] previous = [];
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> name = reader.ReadBytes(Limits.XAttrNameBytesMax);
            bool valid = !name.IsEmpty && !name.Contains((byte)0) && name.SequenceCompareTo(previous) > 0;
            if (!valid) throw reader.Malformed("names of extended attributes are not ascending");
            previous = name.ToArray();
            extended[index] = KeyValuePair.Create(previous, reader.ReadBytes(Limits.XAttrValueBytesMax).ToArray());
        }

        return new AttributeValue((uint)mode, owner, group, modifyTime, ExtendedAttributes.OfSorted(extended));
    }

    public static void WriteDirectory(WireWriter writer, DirectoryManifest directory)
    {
        Invariant.Check(IsValid(directory));
        writer.WriteFixed(directory.Root.Span);
        writer.WriteByte(directory.Height);
        writer.WriteVariable(directory.KeyEpoch);
        writer.WriteVariable(directory.Entries);
        writer.WriteVariable(directory.Totals.Files);
        writer.WriteVariable(directory.Totals.Directories);
        writer.WriteVariable(directory.Totals.Bytes);
    }

    public static DirectoryManifest ReadDirectory(ref WireReader reader)
    {
        ChunkKey root = reader.ReadChunkKey();
        byte height = reader.ReadByte();
        uint epoch = ReadUInt32(ref reader);
        ulong entries = reader.ReadVariable();
        var totals = new TreeTotals(reader.ReadVariable(), reader.ReadVariable(), reader.ReadVariable());
        var directory = new DirectoryManifest(root, height, epoch, entries, totals);
        return IsValid(directory) ? directory : throw reader.Malformed($"it has the impossible {directory}");
    }

    private static void WriteContent(WireWriter writer, NodeKind kind, ContentValue content)
    {
        Invariant.Check(FitsKind(content.Form, kind));
        switch (content.Form)
        {
            case ContentForm.Inline:
                Invariant.Check(content.Bytes.Length <= SnapshotLimits.InlineBytesMax);
                writer.WriteByte(InlineForm);
                writer.WriteBytes(content.Bytes.Span);
                break;
            case ContentForm.Blob:
                Invariant.Check(IsValid(content.Manifest));
                writer.WriteByte(BlobForm);
                writer.WriteFixed(content.Manifest.Root.Span);
                writer.WriteVariable(content.Manifest.SizeBytes);
                writer.WriteVariable(content.Manifest.ChunkSizeBytes);
                writer.WriteVariable(content.Manifest.Fanout);
                writer.WriteVariable(content.Manifest.KeyEpoch);
                break;
            case ContentForm.Symlink:
                Invariant.Check(content.Bytes.Length <= Limits.SymlinkBytesMax);
                writer.WriteBytes(content.Bytes.Span);
                break;
            default:
                writer.WriteVariable(content.Device);
                break;
        }
    }

    private static ContentValue ReadContent(ref WireReader reader, NodeKind kind, UnixTime time)
    {
        switch (kind)
        {
            case NodeKind.File:
                byte form = reader.ReadByte();
                return form switch
                {
                    InlineForm => ContentValue.Inline(reader.ReadBytes(SnapshotLimits.InlineBytesMax), time),
                    BlobForm => ContentValue.Blob(ReadManifest(ref reader), time),
                    _ => throw reader.Malformed($"unknown form of content {form}"),
                };
            case NodeKind.Symlink:
                return ContentValue.Symlink(reader.ReadBytes(Limits.SymlinkBytesMax), time);
            case NodeKind.Fifo or NodeKind.Socket or NodeKind.CharacterDevice or NodeKind.BlockDevice:
                return ContentValue.Special(ReadUInt32(ref reader), time);
            default:
                throw reader.Malformed($"unknown kind of node {(byte)kind}");
        }
    }

    private static bool IsValid(DirectoryManifest directory) =>
        directory.Height <= SnapshotLimits.HeightMax && directory.KeyEpoch > 0 && directory.Entries <= long.MaxValue
        && directory.Root.IsZero == (directory.Entries == 0)
        && (directory.Entries > 0 || (directory.Height == 0 && directory.Totals == default));

    private static bool IsValid(in Manifest manifest) => BlobLimits.Accepts(manifest) && manifest.KeyEpoch > 0;

    private static bool FitsKind(ContentForm form, NodeKind kind) => kind switch
    {
        NodeKind.File => form is ContentForm.Inline or ContentForm.Blob,
        NodeKind.Symlink => form == ContentForm.Symlink,
        NodeKind.Fifo or NodeKind.Socket or NodeKind.CharacterDevice or NodeKind.BlockDevice => form == ContentForm.Special,
        _ => false,
    };

    private static Manifest ReadManifest(ref WireReader reader)
    {
        ChunkKey root = reader.ReadChunkKey();
        ulong size = reader.ReadVariable();
        uint chunkSize = ReadUInt32(ref reader);
        uint fanout = ReadUInt32(ref reader);
        uint epoch = ReadUInt32(ref reader);
        var manifest = new Manifest(root, size, chunkSize, (ushort)Math.Min(fanout, ushort.MaxValue), epoch);
        return IsValid(manifest) ? manifest : throw reader.Malformed($"it has the impossible {manifest}");
    }

    private static uint ReadUInt32(ref WireReader reader)
    {
        ulong value = reader.ReadVariable();
        return value <= uint.MaxValue ? (uint)value : throw reader.Malformed($"{value} is beyond 32 bits");
    }
}
