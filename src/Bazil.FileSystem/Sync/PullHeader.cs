using Bazil.Core;
using Bazil.FileSystem.Collection;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// The first frame of an answer: what the serving side knows.
/// <code>
/// format (1) = 3 | status (1) | full (1) | knowledge | heads: count, each as in <see cref="Head"/>: one for each entry
///   of the knowledge, and those beyond it that references of the items rest on
/// | purge horizon | members: count, each peer id (32), flag (1), knowledge when the flag is 0; 1 means the header's
/// | what members vouch for, the serving one among them, in the same form
/// | snapshots of members, the serving one among them: count, each peer id (32), list as in <see cref="MemberSnapshots"/>
/// </code>
/// With status <see cref="PullStatus.Same"/> full, knowledge and heads are absent, with the others everything is.
/// </summary>
internal sealed record PullHeader(
    PullStatus Status,
    bool IsFull,
    Knowledge Knowledge,
    Knowledge Horizon,
    IReadOnlyList<Head> Heads,
    IReadOnlyList<KeyValuePair<PeerId, Knowledge>> Members)
{
    private const byte Format = 3;
    private const int MembersMax = 65536;

    public static PullHeader Only(PullStatus status) => new(status, false, Knowledge.Empty, Knowledge.Empty, [], []);

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteByte((byte)Status);
        if (Status is not (PullStatus.Changes or PullStatus.Same)) return writer.ToArray();
        if (Status == PullStatus.Changes)
        {
            writer.WriteByte(IsFull ? (byte)1 : (byte)0);
            KnowledgeCodec.Write(writer, Knowledge);
            writer.WriteVariable((ulong)Heads.Count);
            foreach (Head head in Heads) head.Write(writer);
        }

        KnowledgeCodec.Write(writer, Horizon);
        WriteMembers(writer, Members);
        WriteMembers(writer, Vouched);
        writer.WriteVariable((ulong)Snapshots.Count);
        foreach ((PeerId member, MemberSnapshots snapshots) in Snapshots)
        {
            writer.WriteFixed(member.Span);
            snapshots.Write(writer);
        }

        return writer.ToArray();
    }

    /// <summary>What members vouch for, the serving one among them: they hold no content that was replaced before (docs/gc.md).</summary>
    public IReadOnlyList<KeyValuePair<PeerId, Knowledge>> Vouched { get; init; } = [];

    /// <summary>The snapshots that members kept when they vouched for that, the serving one among them.</summary>
    public IReadOnlyList<KeyValuePair<PeerId, MemberSnapshots>> Snapshots { get; init; } = [];

    /// <param name="bytes">The frame.</param>
    /// <param name="known">The puller's knowledge: that of the header when both are the same.</param>
    /// <exception cref="WireFormatException">Malformed, or of a newer format.</exception>
    public static PullHeader Decode(ReadOnlySpan<byte> bytes, Knowledge known)
    {
        var reader = new WireReader(bytes, "header of a pull");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var status = (PullStatus)reader.ReadByte();
        if (!Enum.IsDefined(status)) throw reader.Malformed($"unknown status {(byte)status}");
        if (status is not (PullStatus.Changes or PullStatus.Same)) return Only(status);
        bool isFull = status == PullStatus.Changes && reader.ReadByte() != 0;
        Knowledge knowledge = status == PullStatus.Changes ? KnowledgeCodec.Read(ref reader) : known;
        var heads = new Head[status == PullStatus.Changes ? reader.ReadCount(KnowledgeCodec.EntriesMax, Head.SignatureBytes) : 0];
        for (int index = 0; index < heads.Length; index++) heads[index] = Head.Read(ref reader);
        Knowledge horizon = KnowledgeCodec.Read(ref reader);
        KeyValuePair<PeerId, Knowledge>[] members = ReadMembers(ref reader, knowledge);
        KeyValuePair<PeerId, Knowledge>[] vouched = ReadMembers(ref reader, knowledge);
        var snapshots = new KeyValuePair<PeerId, MemberSnapshots>[reader.ReadCount(MembersMax, PeerId.Size + sizeof(ulong) + 1)];
        for (int index = 0; index < snapshots.Length; index++) snapshots[index] = KeyValuePair.Create(reader.ReadPeerId(), MemberSnapshots.Read(ref reader));
        reader.ExpectEnd();
        return new PullHeader(status, isFull, knowledge, horizon, heads, members) { Vouched = vouched, Snapshots = snapshots };
    }

    private void WriteMembers(WireWriter writer, IReadOnlyList<KeyValuePair<PeerId, Knowledge>> members)
    {
        writer.WriteVariable((ulong)members.Count);
        foreach ((PeerId member, Knowledge knowledge) in members)
        {
            bool isSame = knowledge.Equals(Knowledge);
            writer.WriteFixed(member.Span);
            writer.WriteByte(isSame ? (byte)1 : (byte)0);
            if (!isSame) KnowledgeCodec.Write(writer, knowledge);
        }
    }

    private static KeyValuePair<PeerId, Knowledge>[] ReadMembers(ref WireReader reader, Knowledge knowledge)
    {
        var members = new KeyValuePair<PeerId, Knowledge>[reader.ReadCount(MembersMax, PeerId.Size + 1)];
        for (int index = 0; index < members.Length; index++)
        {
            PeerId member = reader.ReadPeerId();
            members[index] = KeyValuePair.Create(member, reader.ReadByte() == 0 ? KnowledgeCodec.Read(ref reader) : knowledge);
        }

        return members;
    }
}
