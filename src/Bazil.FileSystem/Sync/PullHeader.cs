using Bazil.Core;
using Bazil.FileSystem.Collection;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// The first frame of an answer: what the serving side knows.
/// <code>
/// format (1) = 8 | status (1) | full (1) | items: how many are expected to follow, 0 when nobody counted | knowledge | heads: count, each as in <see cref="Head"/>: one for each entry
///   of the knowledge, and those beyond it that references of the items rest on
/// | purge horizon | members: count, in the order of their ids, each peer id (32), knowledge as in <see cref="HeaderKnowledges"/>
/// | statements (1): 0 when they are those that the puller has | count, one for each member, each peer id (32), knowledge in the same form,
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
        var knowledges = new HeaderKnowledges(Knowledge);
        writer.WriteVariable((ulong)Members.Count);
        foreach ((PeerId member, Knowledge knowledge) in Members)
        {
            writer.WriteFixed(member.Span);
            knowledges.Write(writer, knowledge);
        }

        writer.WriteByte(Statements is null ? (byte)0 : (byte)1);
        if (Statements is null) return writer.ToArray();
        writer.WriteVariable((ulong)Statements.Count);
        foreach (MemberStatement statement in Statements)
        {
            writer.WriteFixed(statement.Member.Span);
            knowledges.Write(writer, statement.Vouched);
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
        var knowledges = new HeaderKnowledges(knowledge);
        KeyValuePair<PeerId, Knowledge>[] members = ReadMembers(ref reader, knowledges);
        MemberStatement[]? statements = reader.ReadByte() == 0 ? null : ReadStatements(ref reader, knowledges);
        reader.ExpectEnd();
        return new PullHeader(status, isFull, knowledge, horizon, heads, members) { Statements = statements, ItemsExpected = expected };
    }

    private static MemberStatement[] ReadStatements(ref WireReader reader, HeaderKnowledges knowledges)
    {
        var statements = new MemberStatement[reader.ReadCount(MembersMax, PeerId.Size + 1 + MemberStatement.SignatureBytes)];
        var shown = new HashSet<PeerId>(statements.Length);
        for (int index = 0; index < statements.Length; index++)
        {
            PeerId member = reader.ReadPeerId();
            if (!shown.Add(member)) throw reader.Malformed($"two statements of member {member}");
            Knowledge vouched = knowledges.Read(ref reader);
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

    private static KeyValuePair<PeerId, Knowledge>[] ReadMembers(ref WireReader reader, HeaderKnowledges knowledges)
    {
        var members = new KeyValuePair<PeerId, Knowledge>[reader.ReadCount(MembersMax, PeerId.Size + 1)];
        for (int index = 0; index < members.Length; index++)
        {
            PeerId member = reader.ReadPeerId();
            if (index > 0 && member <= members[index - 1].Key) throw reader.Malformed("members are not in the order of their ids");
            members[index] = KeyValuePair.Create(member, knowledges.Read(ref reader));
        }

        return members;
    }
}
