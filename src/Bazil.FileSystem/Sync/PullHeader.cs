using Bazil.Core;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// The first frame of an answer: what the serving side knows.
/// <code>
/// format (1) = 1 | status (1) | full (1) | knowledge | purge horizon
/// | heads: count, each as in <see cref="Head"/> | members: count, each peer id (32) and knowledge
/// </code>
/// With another status than <see cref="PullStatus.Changes"/> nothing follows the status.
/// </summary>
internal sealed record PullHeader(
    PullStatus Status,
    bool IsFull,
    Knowledge Knowledge,
    Knowledge Horizon,
    IReadOnlyList<Head> Heads,
    IReadOnlyList<KeyValuePair<PeerId, Knowledge>> Members)
{
    private const byte Format = 1;
    private const int MembersMax = 65536;

    public static PullHeader Only(PullStatus status) => new(status, false, Knowledge.Empty, Knowledge.Empty, [], []);

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteByte((byte)Status);
        if (Status != PullStatus.Changes) return writer.ToArray();
        writer.WriteByte(IsFull ? (byte)1 : (byte)0);
        KnowledgeCodec.Write(writer, Knowledge);
        KnowledgeCodec.Write(writer, Horizon);
        writer.WriteVariable((ulong)Heads.Count);
        foreach (Head head in Heads) head.Write(writer);
        writer.WriteVariable((ulong)Members.Count);
        foreach ((PeerId member, Knowledge knowledge) in Members)
        {
            writer.WriteFixed(member.Span);
            KnowledgeCodec.Write(writer, knowledge);
        }

        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">Malformed, or of a newer format.</exception>
    public static PullHeader Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes, "header of a pull");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var status = (PullStatus)reader.ReadByte();
        if (!Enum.IsDefined(status)) throw reader.Malformed($"unknown status {(byte)status}");
        if (status != PullStatus.Changes) return Only(status);
        bool isFull = reader.ReadByte() != 0;
        Knowledge knowledge = KnowledgeCodec.Read(ref reader), horizon = KnowledgeCodec.Read(ref reader);
        var heads = new Head[reader.ReadCount(KnowledgeCodec.EntriesMax, Head.SignatureBytes)];
        for (int index = 0; index < heads.Length; index++) heads[index] = Head.Read(ref reader);
        var members = new KeyValuePair<PeerId, Knowledge>[reader.ReadCount(MembersMax, PeerId.Size + 1)];
        for (int index = 0; index < members.Length; index++)
        {
            PeerId member = reader.ReadPeerId();
            members[index] = KeyValuePair.Create(member, KnowledgeCodec.Read(ref reader));
        }

        reader.ExpectEnd();
        return new PullHeader(status, isFull, knowledge, horizon, heads, members);
    }
}
