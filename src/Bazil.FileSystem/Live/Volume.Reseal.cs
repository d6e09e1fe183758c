using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Trash;
using Bazil.Storage.Blobs;
using Bazil.Storage.Epochs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// Sealing content anew after a rotation, and the end of old epochs. Each member goes through all files once and seals what its local store has of
// them; who has a content whole notes in its record that it belongs to the new epoch.
public sealed partial class Volume
{
    private readonly SemaphoreSlim _resealing = new(1, 1);

    private static ReadOnlySpan<byte> ProgressName => "reseal"u8;

    /// <summary>
    /// One round: goes on with sealing content in the newest epoch, looks again after content that was left behind, and ends old epochs that nobody
    /// needs any more. May be cancelled or die at any point and be repeated. Holds one chunk in memory, and <see cref="Limits.ResealBatch"/> records.
    /// </summary>
    /// <param name="pace">Told the bytes of each chunk that was written; returns when more may be.</param>
    /// <param name="cancel">Gives up; what was done is kept.</param>
    /// <returns>True when old epochs are left, so that another round will be needed.</returns>
    /// <exception cref="Storage.Stores.StoreException">The local store failed.</exception>
    /// <exception cref="MetadataException">The database failed.</exception>
    public async Task<bool> ResealAsync(Func<int, CancellationToken, ValueTask> pace, CancellationToken cancel)
    {
        VolumeKeys keys = RequireKeys();
        if (!NeedsReseal() || Failure is not null) return false;
        await _resealing.WaitAsync(cancel);
        try
        {
            // Without the newest key this machine waits: nothing is gained by sealing in an epoch that has ended.
            KeyEpoch newest = keys.Newest;
            if (keys.Find(newest.Key) is not { } key) return true;
            SharingKey[] older = [.. keys.KeysFor(0).Where(other => other.Fingerprint != newest.Key)];
            var resealer = new BlobResealer(key, keys.ChunksUnder(key), keys.Local, older, pace);
            await GoThroughAsync(resealer, newest.Number, cancel);
            foreach (InodeId[] batch in OldSealed().Chunk(Limits.ResealBatch)) await ResealBatchAsync(resealer, newest.Number, batch, next: null, cancel);
            await RenewOpenFilesAsync(newest.Number);
            return SettleEpochs(newest);
        }
        finally
        {
            _resealing.Release();
        }
    }

    /// <summary>Old epochs are left, or this machine, back from a backup or a removal, has not seen to the present one.</summary>
    private bool NeedsReseal()
    {
        lock (_gate)
        {
            KeyEpochList epochs = ReadEpochs();
            return epochs.Epochs.Count > 1 || (!epochs.IsEmpty && (!ReadProgress(epochs.Newest.Number).IsDone || OldSealed().Count > 0));
        }
    }

    /// <summary>Goes through all files, from where the last round got to.</summary>
    private async Task GoThroughAsync(BlobResealer resealer, uint epoch, CancellationToken cancel)
    {
        ResealProgress progress;
        lock (_gate) progress = ReadProgress(epoch);
        while (!progress.IsDone)
        {
            List<InodeId> batch = ReadBlobs(progress.NextInode, out ulong next);
            progress = new ResealProgress(epoch, next, next == ulong.MaxValue);
            await ResealBatchAsync(resealer, epoch, batch, progress, cancel);
        }
    }

    /// <summary>The next files with content in stores.</summary>
    private List<InodeId> ReadBlobs(ulong from, out ulong next)
    {
        var found = new List<InodeId>();
        byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Bytes.ToArray();
        byte[] start = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Add(new InodeId(from)).Bytes.ToArray();
        Span<byte> end = stackalloc byte[MetadataKey.MaxSize];
        using IMetadataCursor cursor = _options.Metadata.Scan(start, MetadataKey.PrefixEnd(prefix, end));
        while (cursor.MoveNext())
        {
            InodeId inode = new MetadataKeyReader(cursor.Key[prefix.Length..]).ReadInode();
            next = inode.Value;
            if (found.Count == Limits.ResealBatch) return found;
            if (NodeCodec.DecodeRow(inode, cursor.Value, static _ => Knowledge.Empty).OldestKeyEpoch != uint.MaxValue) found.Add(inode);
        }

        next = ulong.MaxValue;
        return found;
    }

    /// <summary>Seals what is here of some files, then notes in one step which of them are sealed as a whole, which are not, and how far it got.</summary>
    private async Task ResealBatchAsync(BlobResealer resealer, uint epoch, IReadOnlyList<InodeId> batch, ResealProgress? next, CancellationToken cancel)
    {
        var whole = new HashSet<Manifest>();
        foreach (InodeId inode in batch)
        {
            ContentValue[] contents;
            lock (_gate) contents = _store.Read(inode) is { } record ? [.. record.Content.DistinctValues().Where(static value => value.Form == ContentForm.Blob)] : [];
            foreach (ContentValue content in contents)
            {
                if (await resealer.RunAsync(content.Manifest, cancel)) whole.Add(content.Manifest with { KeyEpoch = 0 });
            }
        }

        // Content first: metadata must never name what is not there.
        await SyncContentAsync(cancel);
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            var change = new LocalChange(transaction, Now());
            foreach (InodeId inode in batch)
            {
                change.Reseal(inode, value => whole.Contains(value.Manifest with { KeyEpoch = 0 }), epoch);
                if (transaction.Read(inode) is { } record && record.OldestKeyEpoch < epoch) transaction.Batch.Put(OldSealedKey(inode), []);
            }

            if (next is { } progress) transaction.Batch.Put(_store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(ProgressName).Bytes, progress.Encode());
            Commit(transaction);
        }
    }

    /// <summary>Open files that were sealed anew go on with the new record, unless a program is changing them.</summary>
    private async Task RenewOpenFilesAsync(uint epoch)
    {
        foreach (OpenFile file in PinOpenFiles(file => file.KeyEpoch < epoch))
        {
            try
            {
                await file.Gate.WaitAsync(CancellationToken.None);
                try
                {
                    NodeRecord? record;
                    lock (_gate) record = FindShown(file.Inode);
                    bool isSame = record?.ShownContent?.Value is { } value && value.Equals(file.Seen) && value.Manifest.KeyEpoch >= epoch;
                    if (isSame) await file.ReplaceAsync(record!);
                }
                finally
                {
                    file.Gate.Release();
                }
            }
            finally
            {
                await ReleaseAsync(file, isWriter: false);
            }
        }
    }

    /// <summary>Tells the other members whether this one needs old epochs, and ends them when none does. Returns whether old epochs are left.</summary>
    private bool SettleEpochs(KeyEpoch newest)
    {
        lock (_gate)
        {
            KeyEpochList epochs = ReadEpochs();
            if (epochs.Newest != newest) return true; // another rotation came in between
            bool isClean = ReadProgress(newest.Number).IsDone && OldSealed().Count == 0 && CountOldOpenFiles(newest.Number) == 0
                && !HasOldWorkingContent(newest.Number) && !OldSnapshots(newest.Number).Any() && !TrashRows.NeedsEpochBefore(_store.Tables, newest.Number);
            bool hasSaid = RotationOf(_store.Self, newest) == MemberRotation.Done;
            if (isClean != hasSaid)
            {
                var transaction = new Transaction(_store);
                new LocalChange(transaction, Now()).Release(_store.Self, isClean ? newest.Key : null);
                Commit(transaction);
            }

            if (!isClean || new Transaction(_store).Members().Any(member => RotationOf(member, newest) != MemberRotation.Done)) return true;

            // Epochs that began at the same time may share a number, by chance: then nobody can tell what is sealed in which.
            KeyEpoch[] ended = [.. epochs.Epochs.Where(epoch => epoch.Number < newest.Number)];
            if (ended.Length > 0)
            {
                var transaction = new Transaction(_store);
                new LocalChange(transaction, Now()).Retire(ended);
                Commit(transaction);
                _options.Log($"volume {Name}: {string.Join(", ", ended)} has retired: nobody needs its sharing key any more", null);
            }

            return ReadEpochs().Epochs.Count > 1;
        }
    }

    private List<InodeId> OldSealed() => _store.Tables.ReadInodes(Table.OldSealed);

    private ResealProgress ReadProgress(uint epoch)
    {
        ResealProgress progress = _store.Tables.ReadState(ProgressName) is { } row ? ResealProgress.Decode(row) : default;
        return progress.Epoch == epoch ? progress : new ResealProgress(epoch, 0, false);
    }

    private byte[] OldSealedKey(InodeId inode) => _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.OldSealed).Add(inode).Bytes.ToArray();
}
