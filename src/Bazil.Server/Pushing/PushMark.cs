using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Pushing;

/// <summary>
/// Up to where the content of a volume was copied to a store: the queue of what is left is what has changed since. It is written when everything before it is durable in the store,
/// so that a death in between repeats some work and leaves nothing out. Row of <see cref="Table.RemotePush"/>: <c>format (1) = 1 | when all was gone through (8) | epochs | content mark</c>.
/// </summary>
/// <param name="GoneThrough">When everything was looked at, and not only what had changed; seconds since 1970.</param>
/// <param name="Epochs">The key epochs of the volume at that time: under other keys its content is other objects.</param>
/// <param name="Content">What is covered.</param>
internal sealed record PushMark(long GoneThrough, string Epochs, ContentMark Content)
{
    private const byte Format = 1;
    private const int EpochsBytesMax = 1 << 20;

    /// <summary>Null when nothing was copied there yet, or the row is of another version: then everything is gone through again.</summary>
    public static PushMark? Read(IMetadataReader metadata, VolumeId volume, Guid store)
    {
        if (metadata.Get(Key(volume, store)) is not { } row || row[0] != Format) return null;
        var reader = new WireReader(row, "mark of copied content");
        reader.ReadByte();
        var mark = new PushMark((long)reader.ReadUInt64(), Encoding.UTF8.GetString(reader.ReadBytes(EpochsBytesMax)), ContentMark.Read(ref reader));
        reader.ExpectEnd();
        return mark;
    }

    public void Commit(IMetadataStore metadata, VolumeId volume, Guid store)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteUInt64((ulong)GoneThrough);
        writer.WriteBytes(Encoding.UTF8.GetBytes(Epochs));
        Content.Write(writer);
        var batch = new MetadataBatch();
        batch.Put(Key(volume, store), writer.ToArray());
        metadata.Commit(batch);
    }

    private static byte[] Key(VolumeId volume, Guid store)
    {
        byte[] key = [(byte)Table.RemotePush, .. new byte[VolumeId.Size], .. store.ToByteArray(bigEndian: true)];
        volume.Write(key.AsSpan(1));
        return key;
    }
}
