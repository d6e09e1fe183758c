using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Trash;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// The epochs of the sharing key: which there are, how one begins, and what still needs an ended one (docs/crypto.md, "Key epochs").
public sealed partial class Volume
{
    /// <summary>The epochs that the members agree on; empty before the first rotation.</summary>
    public KeyEpochList KeyEpochs
    {
        get
        {
            lock (_gate) return ReadEpochs();
        }
    }

    /// <summary>
    /// Begins an epoch with a key that this machine has. Content is written under it from now on; what there is is sealed anew by
    /// <see cref="ResealAsync"/>, here and on the other members once they have the key.
    /// </summary>
    /// <exception cref="KeyRotationException">Not now, or not with this key.</exception>
    public KeyEpoch Rotate(KeyFingerprint key)
    {
        VolumeKeys keys = RequireKeys();
        lock (_gate)
        {
            if (!new Transaction(_store).Members().Contains(_store.Self))
            {
                throw new KeyRotationException($"volume {Name} has not been synced with a member yet", $"bazil volume sync {Name} PEER");
            }

            KeyEpoch newest = keys.Newest;
            if (keys.Epochs.Contains(key)) throw new KeyRotationException($"volume {Name} was sealed with sharing key {key} already", "add a new key, which was never used for it, and rotate to that");
            if (!keys.Holds(newest.Key)) throw new KeyMissingException(Name, newest.Key);
            if (!keys.Holds(key)) throw new KeyMissingException(Name, key);
            if (newest.Generation >= KeyEpoch.GenerationMax) throw new KeyRotationException($"volume {Name} has been rotated {KeyEpoch.GenerationMax} times", "make a new volume and copy the files");
            if (ReadEpochs().IsEmpty) AddEpoch(newest);
            var next = new KeyEpoch(newest.Generation + 1, key);
            AddEpoch(next);
            return next;
        }
    }

    /// <summary>Where the volume stands with its sharing keys.</summary>
    public RotationState DescribeRotation()
    {
        VolumeKeys keys = RequireKeys();
        lock (_gate)
        {
            KeyEpochList epochs = keys.Epochs;
            KeyFingerprint[] missing = [.. epochs.Epochs.Select(static epoch => epoch.Key).Distinct().Where(key => !keys.Holds(key))];
            if (epochs.Epochs.Count < 2) return new RotationState(epochs.Epochs, missing, 100, 0, [], 0, []);
            ResealProgress progress = ReadProgress(epochs.Newest.Number);
            int percent = progress.IsDone ? 100 : (int)(Math.Min(progress.NextInode, _store.State.NextInode) * 99 / _store.State.NextInode);
            return new RotationState(
                epochs.Epochs,
                missing,
                percent,
                _store.Tables.ReadInodes(Table.OldSealed).Count,
                [.. OldSnapshots(epochs.Newest.Number)],
                CountOldOpenFiles(epochs.Newest.Number),
                [.. new Transaction(_store).Members().Select(member => KeyValuePair.Create(member, RotationOf(member, epochs.Newest)))]);
        }
    }

    /// <summary>Why this machine still needs a sharing key for this volume, in words that complete "it is"; null when it does not.</summary>
    public string? NeedOf(KeyFingerprint key)
    {
        VolumeKeys keys = RequireKeys();
        lock (_gate)
        {
            if (keys.Newest.Key == key) return $"the one that volume {Name} is sealed with";
            if (keys.Epochs.Contains(key)) return $"that of an epoch of volume {Name} which has not retired yet";
            if (!ReadEverKnown().Contains(key)) return null;
            uint newest = keys.Newest.Number;
            if (OldSnapshots(newest).FirstOrDefault() is { } snapshot) return $"needed by snapshot {snapshot} of volume {Name}";
            if (TrashRows.NeedsEpochBefore(_store.Tables, newest)) return $"needed by the trash of volume {Name} (bazil trash empty)";
            bool isUsed = !ReadProgress(newest).IsDone || _store.Tables.ReadInodes(Table.OldSealed).Count > 0 || CountOldOpenFiles(newest) > 0 || HasOldWorkingContent(newest);
            return isUsed ? $"needed by files of volume {Name}" : null;
        }
    }

    private VolumeKeys RequireKeys() => _options.Keys ?? throw new InvariantException($"volume {Name} has no keys to rotate");

    private void AddEpoch(KeyEpoch epoch)
    {
        var transaction = new Transaction(_store);
        new LocalChange(transaction, Now()).AddEpoch(epoch);
        Commit(transaction);
    }

    private KeyEpochList ReadEpochs() => _store.Read(Transaction.EpochsInode) is { } record ? KeyEpochList.Of(record.Epochs) : KeyEpochList.Empty;

    /// <summary>Makes reads and writes follow the list as it is committed. Under the gate, or before anyone has the volume.</summary>
    private void FollowEpochs() => _options.Keys?.Follow(ReadEpochs(), ReadEverKnown());

    /// <summary>An epoch that retires leaves the list; here it stays known, for whatever still names it.</summary>
    private void RememberEpochs(Transaction transaction)
    {
        KeyEpochList known = ReadEverKnown(), all = known.With(transaction.Require(Transaction.EpochsInode).Epochs.DistinctValues());
        if (_options.Keys is { } keys) all = all.With([keys.First]);
        if (all.Epochs.Count > known.Epochs.Count) all.PutEverKnown(transaction.Batch, _store.Tables);
    }

    private KeyEpochList ReadEverKnown() => KeyEpochList.ReadEverKnown(_options.Metadata, _options.LocalNumber);

    /// <summary>What a member said of itself counts once we know all that it knew then.</summary>
    private MemberRotation RotationOf(PeerId member, KeyEpoch newest)
    {
        NodeRecord record = _store.Read(Transaction.EpochsInode)!;
        foreach (FacetPair<EpochRelease> pair in record.Releases.Pairs)
        {
            if (pair.Value == new EpochRelease(member, newest.Key) && _store.State.Knowledge.Covers(pair.Version)) return MemberRotation.Done;
        }

        if (member == _store.Self) return RequireKeys().Holds(newest.Key) ? MemberRotation.Working : MemberRotation.Unaware;
        Knowledge known = _store.ReadMemberKnowledge(member);
        foreach (FacetPair<KeyEpoch> pair in record.Epochs.Pairs)
        {
            if (pair.Value == newest && known.Covers(pair.Version)) return MemberRotation.Working;
        }

        return MemberRotation.Unaware;
    }

    private IEnumerable<string> OldSnapshots(uint newest) =>
        ListSnapshots().Where(snapshot => snapshot.OldestKeyEpoch < newest).Select(static snapshot => snapshot.Name.ToString());

    private int CountOldOpenFiles(uint newest) => _files.Values.Concat(_unlinked.Values).Count(file => file.KeyEpoch < newest);

    private bool HasOldWorkingContent(uint newest) => _store.Tables.ReadInodes(Table.Working).Any(inode =>
        _options.Metadata.Get(WorkingKey(inode)) is { } row && WorkingContent.Decode(row, inode).Value is { Form: ContentForm.Blob } value && value.Manifest.KeyEpoch < newest);
}
