using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

// Settling conflicts of places and attributes: as with contents, what is kept is written anew.
internal sealed partial class LocalChange
{
    /// <summary>Leaves one place of a link, of which there are several.</summary>
    public void SettlePlace(InodeId inode, Core.Version linkId, Place keep)
    {
        NodeRecord record = Stamped(inode);
        if (record.FindLink(linkId) is not { } link) return;
        record.SetLink((link with { Places = Facet<Place>.Empty }).MoveTo(Version, keep));
    }

    /// <summary>Leaves one value of the attributes.</summary>
    public void SettleAttributes(InodeId inode, AttributeValue keep)
    {
        NodeRecord record = Stamped(inode);
        record.Attributes = Facet<AttributeValue>.Empty.With(Version, keep);
    }
}
