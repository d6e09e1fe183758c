using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Pushing;

/// <summary>
/// Up to where the content of a volume was copied to a store: the queue of what is left is what has changed since. It is written when everything before it is durable in the store,
/// so that a death in between repeats some work and leaves nothing out. Row of <see cref="Table.RemotePush"/>: <c>format (1) = 2 | when all was gone through (8) | generation (8) | chunks left out (8) | epochs | content mark</c>.
/// </summary>
/// <param name="GoneThrough">When everything was looked at, and not only what had changed; seconds since 1970.</param>
/// <param name="Epochs">The key epochs of the volume at that time: under other keys its content is other objects.</param>
/// <param name="Generation">Of what is known of the store: in another one something has turned out not to be there any more (<see cref="Remotes.Packs.PackStore.Generation"/>).</param>
/// <param name="AbsentChunks">What was left out since then because this machine did not have it.</param>
/// <param name="Content">What is covered.</param>
internal sealed record PushMark(long GoneThrough, string Epochs, ulong Generation, long AbsentChunks, ContentMark Content)
{
    private const byte Format = 2;
    private const int EpochsBytesMax = 1 << 20;

    /// <summary>Null when nothing was copied there yet, or the row is of another version: then everything is gone through again.</summary>
    public static PushMark? Read(IMetadataReader metadata, VolumeId volume, Guid store)
    {
        if (metadata.Get(Key(volume, store)) is not { } row || row[0] != Format) return null;
        var reader = new WireReader(row, "mark of copied content");
        reader.ReadByte();
        long goneThrough = (long)reader.ReadUInt64();
        ulong generation = reader.ReadUInt64();
        long absent = (long)reader.ReadUInt64();
        var mark = new PushMark(goneThrough, Encoding.UTF8.GetString(reader.ReadBytes(EpochsBytesMax)), generation, absent, ContentMark.Read(ref reader));
        reader.ExpectEnd();
        return mark;
    }

    /// <summary>The key epochs of a volume as they are now, for <see cref="Epochs"/>.</summary>
    public static string EpochsOf(VolumeKeys keys) => string.Join(' ', keys.Epochs.Epochs.Select(static epoch => epoch.Key.ToString()));

    /// <summary>Whether what it covers is still there, under the names that it has now.</summary>
    public bool StillCounts(string epochs, ulong generation) => Epochs == epochs && Generation == generation;

    public void Commit(IMetadataStore metadata, VolumeId volume, Guid store)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteUInt64((ulong)GoneThrough);
        writer.WriteUInt64(Generation);
        writer.WriteUInt64((ulong)AbsentChunks);
        writer.WriteBytes(Encoding.UTF8.GetBytes(Epochs));
        Content.Write(writer);
        var batch = new MetadataBatch();
        batch.Put(Key(volume, store), writer.ToArray());
        metadata.Commit(batch);
    }

    /// <summary>Nothing of the volume counts as copied to the store any more.</summary>
    public static void Forget(IMetadataStore metadata, VolumeId volume, Guid store)
    {
        var batch = new MetadataBatch();
        batch.Delete(Key(volume, store));
        metadata.Commit(batch);
    }

    private static byte[] Key(VolumeId volume, Guid store)
    {
        byte[] key = [(byte)Table.RemotePush, .. new byte[VolumeId.Size], .. store.ToByteArray(bigEndian: true)];
        volume.Write(key.AsSpan(1));
        return key;
    }
}
