using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The running hash of a replica's changes: BLAKE2b-256 (personal <c>bazil-replica-hd</c>) over the previous hash, the
/// version of the change, and the replicated form of each node it changed in the order of node ids. Two histories under
/// one replica id cannot have the same hash, so a copied or rolled-back replica is told apart.
/// </summary>
internal static class RunningHash
{
    public static byte[] Next(OwnHead head, IEnumerable<NodeRecord> changed)
    {
        var writer = new WireWriter();
        writer.WriteFixed(head.Hash ?? new byte[OwnHead.HashBytes]);
        writer.WriteVersion(head.Version);
        foreach (NodeRecord record in changed) NodeCodec.WriteReplicated(writer, record);
        byte[] next = new byte[OwnHead.HashBytes];
        Blake2b.Hash(writer.Span, next, personal: "bazil-replica-hd"u8);
        return next;
    }
}
