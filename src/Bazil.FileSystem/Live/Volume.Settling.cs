using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

// One value of a facet in conflict is kept, for everybody.
public sealed partial class Volume
{
    /// <summary>Keeps one content of a file and drops others that were seen. Later and unseen ones stay.</summary>
    internal void SettleContent(InodeId inode, ContentValue keep, IEnumerable<ContentValue> drop) => Settle(change => change.Resolve(inode, keep, drop));

    /// <summary>Keeps one value of the attributes of a node and drops the others.</summary>
    internal void SettleAttributes(InodeId inode, AttributeValue keep) => Settle(change => change.ResolveAttributes(inode, keep));

    /// <summary>Keeps one place of a link and drops the others.</summary>
    internal void SettlePlaces(InodeId inode, Version linkId, Place keep) => Settle(change => change.ResolvePlaces(inode, linkId, keep));

    private void Settle(Action<LocalChange> settle)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            settle(new LocalChange(transaction, Now()));
            Commit(transaction);
        }
    }
}
