using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// What a puller asks of another member.
/// <code>
/// format (1) = 5 | kind (1)
/// kind 1, changes: digest of the puller's knowledge (32) | digest of the statements it took over last (32) | flag (1) | knowledge, when the flag is 1 or 2 | resume point (<see cref="ResumePoint"/>), when it is 2
/// kind 2, nodes:   count | node ids (24 each) | flag (1) | knowledge, when the flag is 1: those changed beyond it, all of them when it does not cover what was purged
/// kind 3, path:    count | names from the root, each with its length | knowledge: what belongs to the path (<see cref="PathScope"/>) and changed beyond it
/// kind 4, lists:   count | digests of members' lists of snapshots (32 each), which statements named
/// </code>
/// A puller that knows many replicas sends the digest alone first; most pulls between connected peers end there.
/// </summary>
internal sealed record PullRequest(byte[] Digest, Knowledge? Knowledge, IReadOnlyList<NodeId> Nodes)
{
    public const int DigestBytes = 32;
    private const byte Format = 5;
    private const byte KindChanges = 1;
    private const byte KindNodes = 2;
    private const byte KindPath = 3;
    private const byte KindLists = 4;
    private const byte FlagResume = 2;

    /// <summary>Knowledge of so few replicas, some 300 bytes, is sent with the first request: a packet, where a second round trip costs several.</summary>
    public const int KnowledgeAtOnceMax = 12;

    /// <summary>Node ids asked for in one request.</summary>
    public const int NodesMax = 4096;

    /// <summary>Lists of snapshots asked for in one request.</summary>
    public const int ListsMax = 1024;

    /// <summary>Of the statements of members that the puller took over from this side last; zeros when there were none.</summary>
    public byte[] StatementsDigest { get; init; } = new byte[DigestBytes];

    /// <summary>How far earlier pulls from this side have come, when changes beyond a knowledge are asked for; null for not at all.</summary>
    public ResumePoint? Resume { get; init; }

    /// <summary>Names from the root, when a part of the volume is asked for.</summary>
    public IReadOnlyList<FileName> Path { get; init; } = [];

    /// <summary>Digests of lists of snapshots, when those are asked for.</summary>
    public IReadOnlyList<byte[]> Lists { get; init; } = [];

    public bool AsksForLists => Lists.Count > 0;

    public bool AsksForNodes => Nodes.Count > 0;

    public bool AsksForPath => Path.Count > 0;

    public static PullRequest Changes(Knowledge knowledge, bool withKnowledge) => new(DigestOf(knowledge), withKnowledge ? knowledge : null, []);

    public static PullRequest ForNodes(IReadOnlyList<NodeId> nodes) => new([], null, nodes);

    public static PullRequest ForPath(Knowledge knowledge, IReadOnlyList<FileName> path) => new([], knowledge, []) { Path = path };

    public static PullRequest ForLists(IReadOnlyList<byte[]> digests) => new([], null, []) { Lists = digests };

    public static byte[] DigestOf(Knowledge knowledge)
    {
        byte[] digest = new byte[DigestBytes];
        Blake2b.Hash(KnowledgeCodec.Encode(knowledge), digest, personal: "bazil-knowledge\0"u8);
        return digest;
    }

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteByte(AsksForNodes ? KindNodes : AsksForPath ? KindPath : AsksForLists ? KindLists : KindChanges);
        if (AsksForNodes)
        {
            writer.WriteVariable((ulong)Nodes.Count);
            foreach (NodeId node in Nodes) writer.WriteNodeId(node);
            WriteKnowledge(writer);
            return writer.ToArray();
        }

        if (AsksForPath)
        {
            writer.WriteVariable((ulong)Path.Count);
            foreach (FileName name in Path) writer.WriteBytes(name.Span);
            KnowledgeCodec.Write(writer, Knowledge!);
            return writer.ToArray();
        }

        if (AsksForLists)
        {
            writer.WriteVariable((ulong)Lists.Count);
            foreach (byte[] digest in Lists) writer.WriteFixed(digest);
            return writer.ToArray();
        }

        writer.WriteFixed(Digest);
        writer.WriteFixed(StatementsDigest);
        if (Knowledge is null || Resume is null)
        {
            WriteKnowledge(writer);
            return writer.ToArray();
        }

        writer.WriteByte(FlagResume);
        KnowledgeCodec.Write(writer, Knowledge);
        Resume.Write(writer);
        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">Malformed, or of a newer format.</exception>
    public static PullRequest Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes, "pull request");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        byte kind = reader.ReadByte();
        PullRequest request;
        switch (kind)
        {
            case KindChanges:
                byte[] digest = reader.ReadFixed(DigestBytes).ToArray();
                byte[] statements = reader.ReadFixed(DigestBytes).ToArray();
                request = ReadChanges(ref reader, digest) with { StatementsDigest = statements };
                break;
            case KindNodes:
                var nodes = new NodeId[reader.ReadCount(NodesMax, NodeId.Size)];
                for (int index = 0; index < nodes.Length; index++) nodes[index] = reader.ReadNodeId();
                if (nodes.Length == 0) throw reader.Malformed("it asks for no node");
                request = ForNodes(nodes) with { Knowledge = ReadKnowledge(ref reader) };
                break;
            case KindPath:
                var path = new FileName[reader.ReadCount(PathScope.NamesMax, 2)];
                if (path.Length == 0) throw reader.Malformed("it asks for no path");
                for (int index = 0; index < path.Length; index++) path[index] = ReadName(ref reader);
                request = ForPath(KnowledgeCodec.Read(ref reader), path);
                break;
            case KindLists:
                byte[][] lists = new byte[reader.ReadCount(ListsMax, DigestBytes)][];
                for (int index = 0; index < lists.Length; index++) lists[index] = reader.ReadFixed(DigestBytes).ToArray();
                if (lists.Length == 0) throw reader.Malformed("it asks for no list");
                request = ForLists(lists);
                break;
            default:
                throw reader.Malformed($"unknown kind {kind}");
        }

        reader.ExpectEnd();
        return request;
    }

    private static PullRequest ReadChanges(ref WireReader reader, byte[] digest)
    {
        byte flag = reader.ReadByte();
        return flag switch
        {
            0 => new PullRequest(digest, null, []),
            1 => new PullRequest(digest, KnowledgeCodec.Read(ref reader), []),
            FlagResume => new PullRequest(digest, KnowledgeCodec.Read(ref reader), []) { Resume = ResumePoint.Read(ref reader) },
            _ => throw reader.Malformed($"flag {flag} is none of 0, 1 and 2"),
        };
    }

    private void WriteKnowledge(WireWriter writer)
    {
        writer.WriteByte(Knowledge is null ? (byte)0 : (byte)1);
        if (Knowledge is not null) KnowledgeCodec.Write(writer, Knowledge);
    }

    private static Knowledge? ReadKnowledge(ref WireReader reader) => reader.ReadByte() switch
    {
        0 => null,
        1 => KnowledgeCodec.Read(ref reader),
        byte flag => throw reader.Malformed($"flag {flag} is neither 0 nor 1"),
    };

    private static FileName ReadName(ref WireReader reader)
    {
        ReadOnlySpan<byte> bytes = reader.ReadBytes(Limits.NameBytesMax);
        return FileName.TryCreate(bytes, out FileName name) ? name : throw reader.Malformed($"not a file name: {Convert.ToHexStringLower(bytes)}");
    }
}
