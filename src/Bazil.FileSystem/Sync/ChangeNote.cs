using Bazil.Core;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// What a member tells another one that is connected, whenever it changes: enough to see whether there is anything to pull.
/// <code>format (1) = 1 | flags (1): 1 paused, 2 counts, 6 counts that are not all | digest of the knowledge (32) | revision (8) | with counts: changes (4) | bytes (8)</code>
/// A later version may set other flags and add what belongs to them at the end: both are ignored, so that it need not know who listens.
/// Two notes are equal when they tell the same state, whatever they count.
/// </summary>
/// <param name="Digest">Of everything the sender knows (<see cref="PullRequest.DigestOf"/>); zeros when it is paused.</param>
/// <param name="Revision">Changes when the sender has learnt what other members know; a number that means nothing else, and nothing after a restart.</param>
/// <param name="IsPaused">The sender neither pulls from the receiver by itself, nor tells of changes.</param>
public sealed record ChangeNote(byte[] Digest, ulong Revision, bool IsPaused)
{
    public const int Bytes = 2 + PullRequest.DigestBytes + sizeof(ulong);

    /// <summary>Of a note with everything that a later version may add; no more comes through the transport.</summary>
    public const int BytesMax = 256;

    private const byte Format = 1;
    private const byte PausedFlag = 1;
    private const byte CountsFlag = 2;
    private const byte MoreFlag = 4;
    private const byte KnownFlags = PausedFlag | CountsFlag | MoreFlag;

    /// <summary>What is sent while synchronisation is paused.</summary>
    public static ChangeNote Paused { get; } = new(new byte[PullRequest.DigestBytes], 0, IsPaused: true);

    /// <summary>What the receiver lacks, as far as the sender knows; null when it does not say.</summary>
    public NoteCounts? Counts { get; init; }

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        NoteCounts? counts = IsPaused ? null : Counts;
        writer.WriteByte((byte)((IsPaused ? PausedFlag : 0) | (counts is null ? 0 : CountsFlag) | (counts is { IsMore: true } ? MoreFlag : 0)));
        writer.WriteFixed(Digest);
        writer.WriteUInt64(Revision);
        if (counts is { } told)
        {
            writer.WriteUInt32(told.Changes);
            writer.WriteUInt64(told.ContentBytes);
        }

        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">Malformed, or of a newer format.</exception>
    public static ChangeNote Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes, "change note");
        if (bytes.Length > BytesMax) throw reader.Malformed($"{bytes.Length} bytes");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        int flags = reader.ReadByte() & KnownFlags;
        if (flags is not (0 or PausedFlag or CountsFlag or (CountsFlag | MoreFlag))) throw reader.Malformed($"flags {flags} contradict each other");
        var note = new ChangeNote(reader.ReadFixed(PullRequest.DigestBytes).ToArray(), reader.ReadUInt64(), flags == PausedFlag);
        if ((flags & CountsFlag) != 0) note = note with { Counts = new NoteCounts(reader.ReadUInt32(), (flags & MoreFlag) != 0, reader.ReadUInt64()) };
        return note;
    }

    public bool Equals(ChangeNote? other) => other is not null && IsPaused == other.IsPaused && Revision == other.Revision && Digest.AsSpan().SequenceEqual(other.Digest);

    public override int GetHashCode() => HashCode.Combine(Revision, IsPaused);
}
