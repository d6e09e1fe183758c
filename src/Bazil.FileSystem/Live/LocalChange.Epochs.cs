using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <content>Rotation of the sharing key.</content>
internal sealed partial class LocalChange
{
    /// <summary>Adds an epoch. A change has one version and a facet one value for each, so each epoch is a change of its own.</summary>
    public void AddEpoch(KeyEpoch epoch)
    {
        NodeRecord record = Epochs();
        record.Epochs = record.Epochs.With(Version, epoch);
    }

    /// <summary>Says, or takes back, that a member needs no epoch before that of a key. What it said of others goes.</summary>
    public void Release(PeerId member, KeyFingerprint? key)
    {
        NodeRecord record = Epochs();
        foreach (EpochRelease old in record.Releases.DistinctValues().Where(release => release.Member == member)) record.Releases = record.Releases.Without(old);
        if (key is { } newest) record.Releases = record.Releases.With(Version, new EpochRelease(member, newest));
    }

    /// <summary>Takes ended epochs out of the list.</summary>
    public void Retire(IEnumerable<KeyEpoch> epochs)
    {
        NodeRecord record = Epochs();
        foreach (KeyEpoch epoch in epochs) record.Epochs = record.Epochs.Without(epoch);
    }

    /// <summary>
    /// Notes that content is sealed in a newer epoch. It is no new version of it: whoever changed the content meanwhile wins, and two members who
    /// do the same agree.
    /// </summary>
    /// <param name="inode">The file.</param>
    /// <param name="isSealed">Which of its contents are.</param>
    /// <param name="epoch">Number of the epoch.</param>
    public void Reseal(InodeId inode, Func<ContentValue, bool> isSealed, uint epoch)
    {
        if (transaction.Read(inode) is not { } record) return;
        Facet<ContentValue> content = record.Content.WithStates(value =>
            value.Form == ContentForm.Blob && value.Manifest.KeyEpoch < epoch && isSealed(value) ? value.WithKeyEpoch(epoch) : value);
        if (ReferenceEquals(content, record.Content)) return;
        NodeRecord changed = transaction.Change(inode);
        changed.Content = content;
        transaction.Stamp(changed);
    }

    private NodeRecord Epochs()
    {
        if (transaction.Read(Transaction.EpochsInode) is null) transaction.Add(NodeId.KeyEpochs, NodeKind.KeyEpochs);
        return Stamped(Transaction.EpochsInode);
    }
}
