using Bazil.Core;
using Bazil.Unix;

namespace Bazil.FileSystem.Deletions;

/// <summary>
/// Deletions by others that wait for consent, as the row <c>brake</c> of the volume's values:
/// <c>format (1) = 1 | decision (1) | since (12) | files | files deleted before | count, each peer (32) and files</c>. Immutable.
/// </summary>
/// <param name="Since">When the brake stopped them.</param>
/// <param name="Files">Files that are still shown.</param>
/// <param name="ShownBefore">Files that others deleted within the day before, which are gone.</param>
/// <param name="Decision">What was decided, while it is being carried out.</param>
/// <param name="Peers">Who deleted how many of <paramref name="Files"/>.</param>
public sealed record HeldDeletions(UnixTime Since, long Files, long ShownBefore, BrakeDecision Decision, IReadOnlyDictionary<PeerId, long> Peers)
{
    private const byte Format = 1;
    private const int PeersMax = 65536;

    internal byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteByte((byte)Decision);
        Nodes.ValueCodec.WriteTime(writer, Since);
        writer.WriteVariable((ulong)Files);
        writer.WriteVariable((ulong)ShownBefore);
        writer.WriteVariable((ulong)Peers.Count);
        foreach ((PeerId peer, long files) in Peers)
        {
            writer.WriteFixed(peer.Span);
            writer.WriteVariable((ulong)files);
        }

        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">The row is damaged or of a newer version.</exception>
    internal static HeldDeletions Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "deletions that wait for consent");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var decision = (BrakeDecision)reader.ReadByte();
        if (!Enum.IsDefined(decision)) throw reader.Malformed($"unknown decision {(byte)decision}");
        UnixTime since = Nodes.ValueCodec.ReadTime(ref reader);
        long files = checked((long)reader.ReadVariable()), shown = checked((long)reader.ReadVariable());
        int count = reader.ReadCount(PeersMax, PeerId.Size);
        var peers = new Dictionary<PeerId, long>(count);
        for (int index = 0; index < count; index++) peers[reader.ReadPeerId()] = checked((long)reader.ReadVariable());
        reader.ExpectEnd();
        return new HeldDeletions(since, files, shown, decision, peers);
    }
}
