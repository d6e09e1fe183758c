using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Repair;

/// <summary>
/// Writes the tree of one store into another, as a new member would: new nodes with the names, attributes and contents of the old ones,
/// alternates included. What other members have of it is united with it name by name when it is pulled.
/// </summary>
internal sealed class TreeCopy(VolumeStore source, VolumeStore target)
{
    private readonly Dictionary<NodeId, InodeId> _copied = [];

    public void Run(UnixTime now, CancellationToken cancel)
    {
        var left = new Stack<(InodeId From, InodeId To)>([(InodeId.Root, InodeId.Root)]);
        while (left.TryPop(out (InodeId From, InodeId To) directory))
        {
            cancel.ThrowIfCancellationRequested();
            foreach ((FileName name, Claim[] claims) in source.Tables.ScanDirectory(directory.From, []))
            {
                foreach (Claim claim in claims)
                {
                    if (source.Read(claim.Inode) is not { } record) continue;
                    InodeId copy = Copy(record, directory.To, name, now);
                    if (record.IsDirectory) left.Push((record.Inode, copy));
                }
            }
        }
    }

    private InodeId Copy(NodeRecord record, InodeId parent, FileName name, UnixTime now)
    {
        var transaction = new Transaction(target);
        var change = new LocalChange(transaction, now);
        NodeRecord directory = transaction.Require(parent);
        if (_copied.TryGetValue(record.Id, out InodeId known))
        {
            change.Link(known, directory, name);
            transaction.Commit();
            return known;
        }

        AttributeValue attributes = Volume.ShownAttributes(record);
        NodeRecord copy = change.Create(directory, name, record.Kind, record.ShownContent?.Value, attributes with { ModifyTime = record.ModifyTime });
        copy.AllocatedBytes = record.AllocatedBytes;
        copy.DirectoryTime = record.DirectoryTime;
        transaction.Commit();
        foreach (ContentValue other in record.Content.DistinctValues().Where(value => !value.Equals(record.ShownContent?.Value))) CopyAlternate(record, other, parent, name, now);
        if (record.Links.Count > 1) _copied[record.Id] = copy.Inode;
        return copy.Inode;
    }

    private void CopyAlternate(NodeRecord record, ContentValue content, InodeId parent, FileName name, UnixTime now)
    {
        var transaction = new Transaction(target);
        AttributeValue attributes = Volume.ShownAttributes(record);
        new LocalChange(transaction, now).Create(transaction.Require(parent), name, record.Kind, content, attributes with { ModifyTime = content.ModifyTime });
        transaction.Commit();
    }
}
