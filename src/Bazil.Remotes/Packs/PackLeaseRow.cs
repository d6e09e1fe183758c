using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Packs;

/// <summary>
/// What this node knows of its own lease: the file as it wrote it last, and as it is writing it. Anything else that is found there was written by somebody who cannot speak for this node's rows: a copy of its data directory, or
/// this node before it was restored from a backup. The row is <c>format (1) = 3 | written | writing | since (8) | is old (1: 1, or 2 when all packs were looked into since) | highest (8)</c>, the files with their lengths before them; older versions wrote format 2, without the last, and 1, without the last two.
/// </summary>
/// <param name="Written">The file that is known to be there; empty for none.</param>
/// <param name="Writing">The file that may be there instead, because this node died while it wrote it; empty for none.</param>
/// <param name="Since">When the present round was announced; seconds since 1970.</param>
/// <param name="IsOld">A lease was there that is newer than these rows: this node removes nothing there until somebody says that it may.</param>
/// <param name="IsLookedInto">Since then all packs were looked into: what old rows forgot is found again.</param>
/// <param name="Highest">No lease before these two had a higher sequence: one whose write was given up may arrive late.</param>
internal sealed record PackLeaseRow(byte[] Written, byte[] Writing, long Since, bool IsOld = false, bool IsLookedInto = false, ulong Highest = 0)
{
    private const byte Format = 3;
    private const byte FormatWithoutHighest = 2;
    private const byte FormatWithoutOld = 1;

    private const byte OldFlag = 1, LookedIntoFlag = 2;

    public static readonly PackLeaseRow None = new([], [], 0);

    /// <summary>The highest sequence that these rows have given a lease.</summary>
    public ulong Sequence => Math.Max(Highest, Math.Max(PackLease.SequenceOf(Written), PackLease.SequenceOf(Writing)));

    public static PackLeaseRow? Read(IMetadataReader metadata, byte[] storeId)
    {
        if (metadata.Get(Key(storeId)) is not { } row) return null;
        var reader = new WireReader(row, "row of a lease");
        byte format = reader.ReadByte();
        if (format is not (Format or FormatWithoutHighest or FormatWithoutOld)) throw reader.Malformed($"format {format} is not known to this version");
        var found = new PackLeaseRow(reader.ReadBytes(Limits.LeaseBytes).ToArray(), reader.ReadBytes(Limits.LeaseBytes).ToArray(), (long)reader.ReadUInt64());
        byte flag = format == FormatWithoutOld ? (byte)0 : reader.ReadByte();
        found = found with { IsOld = flag != 0, IsLookedInto = flag == LookedIntoFlag };
        if (format == Format) found = found with { Highest = reader.ReadUInt64() };
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
        writer.WriteByte(!IsOld ? (byte)0 : IsLookedInto ? LookedIntoFlag : OldFlag);
        writer.WriteUInt64(Sequence);
        batch.Put(Key(storeId), writer.Span);
    }

    /// <summary>Whether this node wrote a file that was found.</summary>
    public bool IsOurs(ReadOnlySpan<byte> file) => file.SequenceEqual(Written) || file.SequenceEqual(Writing);

    public static byte[] Key(byte[] storeId) => [(byte)Table.RemoteLease, .. storeId];
}
