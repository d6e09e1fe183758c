using Bazil.Core;
using Bazil.FileSystem.Collection;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// The first frame of an answer: what the serving side knows.
/// <code>
/// format (1) = 8 | status (1) | full (1) | items: how many are expected to follow, 0 when nobody counted | knowledge | heads: count, each as in <see cref="Head"/>: one for each entry
///   of the knowledge, and those beyond it that references of the items rest on
/// | purge horizon | members: count, each peer id (32), flag (1), knowledge when the flag is 0; 1 means the header's, with 2 its difference from the header's follows (<see cref="KnowledgeDifference"/>)
/// | statements (1): 0 when they are those that the puller has | count, each peer id (32), flag and knowledge in the same form,
///   flag (1): 1 snapshots as in <see cref="MemberSnapshots"/>, 0 the digest of their list (32), signature (64)
/// </code>
/// With status <see cref="PullStatus.Same"/> full, items, knowledge and heads are absent, with the others everything is.
/// </summary>
internal sealed record PullHeader(
    PullStatus Status,
    bool IsFull,
    Knowledge Knowledge,
    Knowledge Horizon,
    IReadOnlyList<Head> Heads,
    IReadOnlyList<KeyValuePair<PeerId, Knowledge>> Members)
{
    private const byte Format = 8;
    private const int MembersMax = 65536;
    private const byte FlagWhole = 0;
    private const byte FlagSame = 1;
    private const byte FlagDifference = 2;

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
            writer.WriteVariable(ItemsExpected);
            KnowledgeCodec.Write(writer, Knowledge);
            writer.WriteVariable((ulong)Heads.Count);
            foreach (Head head in Heads) head.Write(writer);
        }

        KnowledgeCodec.Write(writer, Horizon);
        WriteMembers(writer, Members);
        writer.WriteByte(Statements is null ? (byte)0 : (byte)1);
        if (Statements is null) return writer.ToArray();
        writer.WriteVariable((ulong)Statements.Count);
        foreach (MemberStatement statement in Statements)
        {
            WriteMember(writer, statement.Member, statement.Vouched);
            writer.WriteByte(statement.Snapshots is null ? (byte)0 : (byte)1);
            writer.WriteFixed(statement.Snapshots?.Encoded ?? statement.ListDigest);
            writer.WriteFixed(statement.Signature);
        }

        return writer.ToArray();
    }

    /// <summary>About how many items follow, for who waits for them; 0 when nobody counted. Nothing else is concluded from it.</summary>
    public ulong ItemsExpected { get; init; }

    /// <summary>What members vouch for (docs/gc.md), the serving one among them, each signed by the member; null when they are those that the puller has.</summary>
    public IReadOnlyList<MemberStatement>? Statements { get; init; }

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
        ulong expected = status == PullStatus.Changes ? reader.ReadVariable() : 0;
        Knowledge knowledge = status == PullStatus.Changes ? KnowledgeCodec.Read(ref reader) : known;
        var heads = new Head[status == PullStatus.Changes ? reader.ReadCount(KnowledgeCodec.EntriesMax, Head.SignatureBytes) : 0];
        for (int index = 0; index < heads.Length; index++) heads[index] = Head.Read(ref reader);
        Knowledge horizon = KnowledgeCodec.Read(ref reader);
        var knowledges = new KnowledgeMemo();
        KeyValuePair<PeerId, Knowledge>[] members = ReadMembers(ref reader, knowledge, knowledges);
        MemberStatement[]? statements = reader.ReadByte() == 0 ? null : ReadStatements(ref reader, knowledge, knowledges);
        reader.ExpectEnd();
        return new PullHeader(status, isFull, knowledge, horizon, heads, members) { Statements = statements, ItemsExpected = expected };
    }

    private void WriteMembers(WireWriter writer, IReadOnlyList<KeyValuePair<PeerId, Knowledge>> members)
    {
        writer.WriteVariable((ulong)members.Count);
        foreach ((PeerId member, Knowledge knowledge) in members) WriteMember(writer, member, knowledge);
    }

    private void WriteMember(WireWriter writer, PeerId member, Knowledge knowledge)
    {
        writer.WriteFixed(member.Span);
        if (knowledge.Equals(Knowledge))
        {
            writer.WriteByte(FlagSame);
            return;
        }

        var difference = new WireWriter();
        bool isDifference = KnowledgeDifference.TryWrite(difference, Knowledge, knowledge);
        writer.WriteByte(isDifference ? FlagDifference : FlagWhole);
        if (isDifference) writer.WriteFixed(difference.Span);
        else KnowledgeCodec.Write(writer, knowledge);
    }

    private static Knowledge ReadKnowledge(ref WireReader reader, Knowledge knowledge, KnowledgeMemo knowledges) => reader.ReadByte() switch
    {
        FlagWhole => knowledges.Read(ref reader),
        FlagSame => knowledge,
        FlagDifference => KnowledgeDifference.Read(ref reader, knowledge),
        byte flag => throw reader.Malformed($"flag {flag} is none of 0, 1 and 2"),
    };

    private static MemberStatement[] ReadStatements(ref WireReader reader, Knowledge knowledge, KnowledgeMemo knowledges)
    {
        var statements = new MemberStatement[reader.ReadCount(MembersMax, PeerId.Size + 1 + MemberStatement.SignatureBytes)];
        for (int index = 0; index < statements.Length; index++)
        {
            PeerId member = reader.ReadPeerId();
            Knowledge vouched = ReadKnowledge(ref reader, knowledge, knowledges);
            MemberSnapshots? list = reader.ReadByte() switch
            {
                0 => null,
                1 => MemberSnapshots.Read(ref reader),
                byte flag => throw reader.Malformed($"flag {flag} is neither 0 nor 1"),
            };
            byte[] digest = list?.Digest ?? reader.ReadFixed(MemberSnapshots.DigestBytes).ToArray();
            statements[index] = new MemberStatement(member, vouched, digest, reader.ReadFixed(MemberStatement.SignatureBytes).ToArray()) { Snapshots = list };
        }

        return statements;
    }

    private static KeyValuePair<PeerId, Knowledge>[] ReadMembers(ref WireReader reader, Knowledge knowledge, KnowledgeMemo knowledges)
    {
        var members = new KeyValuePair<PeerId, Knowledge>[reader.ReadCount(MembersMax, PeerId.Size + 1)];
        for (int index = 0; index < members.Length; index++)
        {
            PeerId member = reader.ReadPeerId();
            members[index] = KeyValuePair.Create(member, ReadKnowledge(ref reader, knowledge, knowledges));
        }

        return members;
    }
}
