using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The row of one name: its claims, ordered by node and link.
/// <code>count | inode (8) | kind (1) | node (24) | version (24) | link (24, absent when it is the node's first: flag in kind)</code>
/// </summary>
internal static class ClaimRow
{
    /// <summary>Claims on one name. Far more than replicas that make a file of one name before they meet; bounds a hostile peer.</summary>
    public const int ClaimsMax = 65536;

    private const byte FirstLinkFlag = 0x80;

    public static readonly Claim[] Empty = [];

    public static byte[] Encode(WireWriter writer, Claim[] claims)
    {
        writer.Clear();
        writer.WriteVariable((ulong)claims.Length);
        foreach (Claim claim in claims)
        {
            bool isFirstLink = claim.LinkId == claim.Node.Creation;
            writer.WriteUInt64(claim.Inode.Value);
            writer.WriteByte((byte)((byte)claim.Kind | (isFirstLink ? FirstLinkFlag : 0)));
            writer.WriteNodeId(claim.Node);
            writer.WriteVersion(claim.Version);
            if (!isFirstLink) writer.WriteVersion(claim.LinkId);
        }

        return writer.ToArray();
    }

    public static Claim[] Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "directory entry");
        var claims = new Claim[reader.ReadCount(ClaimsMax, 57)];
        for (int index = 0; index < claims.Length; index++)
        {
            var inode = new InodeId(reader.ReadUInt64());
            byte kind = reader.ReadByte();
            NodeId node = reader.ReadNodeId();
            Version version = reader.ReadVersion();
            Version link = (kind & FirstLinkFlag) != 0 ? node.Creation : reader.ReadVersion();
            claims[index] = new Claim(inode, node, (NodeKind)(kind & ~FirstLinkFlag), link, version);
        }

        reader.ExpectEnd();
        return claims;
    }

    public static Claim[] With(Claim[] claims, Claim claim) =>
        [.. claims.Append(claim).OrderBy(c => c.Node).ThenBy(c => c.LinkId)];

    public static Claim[] Without(Claim[] claims, InodeId inode, Version link) =>
        [.. claims.Where(c => c.Inode != inode || c.LinkId != link)];

    public static int CountDirectories(Claim[] claims) => claims.Count(c => c.IsDirectory);
}
