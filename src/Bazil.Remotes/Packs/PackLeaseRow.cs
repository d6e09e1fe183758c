using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Packs;

/// <summary>
/// What this node knows of its own lease: the file as it wrote it last, and as it is writing it. Anything else that is found there was written by somebody who cannot speak for this node's rows: a copy of its data directory, or
/// this node before it was restored from a backup. The row is <c>format (1) = 1 | written | writing | since (8)</c>, the files with their lengths before them.
/// </summary>
/// <param name="Written">The file that is known to be there; empty for none.</param>
/// <param name="Writing">The file that may be there instead, because this node died while it wrote it; empty for none.</param>
/// <param name="Since">When the present round was announced; seconds since 1970.</param>
internal sealed record PackLeaseRow(byte[] Written, byte[] Writing, long Since)
{
    private const byte Format = 1;

    public static PackLeaseRow? Read(IMetadataReader metadata, byte[] storeId)
    {
        if (metadata.Get(Key(storeId)) is not { } row) return null;
        var reader = new WireReader(row, "row of a lease");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var found = new PackLeaseRow(reader.ReadBytes(Limits.LeaseBytes).ToArray(), reader.ReadBytes(Limits.LeaseBytes).ToArray(), (long)reader.ReadUInt64());
        reader.ExpectEnd();
        return found;
    }

    public void Put(MetadataBatch batch, byte[] storeId)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteBytes(Written);
        writer.WriteBytes(Writing);
        writer.WriteUInt64((ulong)Since);
        batch.Put(Key(storeId), writer.Span);
    }

    /// <summary>Whether this node wrote a file that was found.</summary>
    public bool IsOurs(ReadOnlySpan<byte> file) => file.SequenceEqual(Written) || file.SequenceEqual(Writing);

    public static byte[] Key(byte[] storeId) => [(byte)Table.RemoteLease, .. storeId];
}
