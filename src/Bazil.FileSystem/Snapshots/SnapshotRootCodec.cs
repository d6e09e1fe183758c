using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>The canonical form of <see cref="SnapshotRoot"/>; to the byte in docs/snapshots.md.</summary>
internal static class SnapshotRootCodec
{
    public const byte Format = 1;

    public static void Write(WireWriter writer, SnapshotRoot root)
    {
        Invariant.Check(!root.Volume.IsNone);
        writer.WriteByte(Format);
        Span<byte> volume = stackalloc byte[VolumeId.Size];
        root.Volume.Write(volume);
        writer.WriteFixed(volume);
        SnapshotEntryCodec.WriteTime(writer, root.Taken);
        SnapshotEntryCodec.WriteTime(writer, root.ModifyTime);
        SnapshotEntryCodec.WriteAttributes(writer, root.Attributes);
        SnapshotEntryCodec.WriteDirectory(writer, root.Directory);
        writer.WriteByte(DirectoryNodeCodec.EndMark);
    }

    /// <exception cref="WireFormatException">Not this format, or a newer one.</exception>
    public static SnapshotRoot Read(ReadOnlySpan<byte> bytes, string format)
    {
        var reader = new WireReader(bytes, format);
        byte version = reader.ReadByte();
        if (version != Format) throw reader.Malformed($"format {version} is not known to this version");
        VolumeId volume = VolumeId.Read(reader.ReadFixed(VolumeId.Size));
        if (volume.IsNone) throw reader.Malformed("it has no volume");
        UnixTime taken = SnapshotEntryCodec.ReadTime(ref reader);
        UnixTime modifyTime = SnapshotEntryCodec.ReadTime(ref reader);
        AttributeValue attributes = SnapshotEntryCodec.ReadAttributes(ref reader, modifyTime);
        DirectoryManifest directory = SnapshotEntryCodec.ReadDirectory(ref reader);
        DirectoryNodeCodec.ReadEnd(ref reader);
        return new SnapshotRoot(volume, taken, modifyTime, attributes, directory);
    }
}
