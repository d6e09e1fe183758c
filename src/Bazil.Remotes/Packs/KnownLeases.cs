using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Packs;

/// <summary>
/// The other nodes whose leases this one has seen in a store. One that is not there any more, though nobody has given it up, is missed: a listing may leave a file out, and a server may replace one by
/// removing it first. The rows are store id (16) ‖ node (32) → nothing, behind the one of this node's own lease.
/// </summary>
internal sealed class KnownLeases(IMetadataStore metadata, byte[] storeId)
{
    private readonly byte[] _prefix = PackLeaseRow.Key(storeId);

    public List<PeerId> List()
    {
        var known = new List<PeerId>();
        using IMetadataCursor cursor = metadata.ScanPrefix(_prefix);
        while (cursor.MoveNext())
        {
            if (cursor.Key.Length == _prefix.Length + PeerId.Size) known.Add(new PeerId(cursor.Key[_prefix.Length..]));
        }

        return known;
    }

    /// <summary>Notes those that were seen, and forgets those that were given up.</summary>
    public void Change(IEnumerable<PeerId> seen, IEnumerable<PeerId> givenUp)
    {
        var batch = new MetadataBatch();
        foreach (PeerId node in seen.Where(node => metadata.Get(KeyOf(node)) is null)) batch.Put(KeyOf(node), []);
        foreach (PeerId node in givenUp.Where(node => metadata.Get(KeyOf(node)) is not null)) batch.Delete(KeyOf(node));
        if (batch.Count > 0) metadata.Commit(batch);
    }

    private byte[] KeyOf(in PeerId node) => [.. _prefix, .. node.Span];
}
