using Bazil.Core;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Trash;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Deletions by others. The replicated state has them at once; what is shown follows when the pull is complete, unless they are so many that a
// person is asked first (docs/conflicts.md, "Deletions by others").
public sealed partial class Volume
{
    /// <summary>One at a time: decides about what waits, and carries decisions out. Taken before the gate.</summary>
    private readonly SemaphoreSlim _deleting = new(1, 1);

    /// <summary>What was known before the deletions that wait: no more is vouched for, so that nobody collects what may come back. Guarded by the gate.</summary>
    private Knowledge? _heldKnowledge;

    /// <summary>Deletions may wait that nobody has looked at.</summary>
    private volatile bool _hasNewHeld = true;

    /// <summary>A pull that is not completed has brought deletions: none is shown before it is, or it would be judged by halves.</summary>
    private volatile bool _hasHeldOfPull;

    private static ReadOnlySpan<byte> BrakeName => "brake"u8;

    private static ReadOnlySpan<byte> WindowName => "deletions"u8;

    private static ReadOnlySpan<byte> HeldKnowledgeName => "held"u8;

    /// <summary>The deletions that wait for a person's consent, or null.</summary>
    public HeldDeletions? WaitingDeletions() => _store.Tables.ReadState(BrakeName) is { } row ? HeldDeletions.Decode(row) : null;

    /// <summary>Shows the deletions that wait. False when none do.</summary>
    /// <exception cref="MetadataException">The volume is read-only, or the database failed.</exception>
    public Task<bool> AcceptDeletionsAsync(CancellationToken cancel) => DecideAsync(BrakeDecision.Accepted, cancel);

    /// <summary>Undoes the deletions that wait, for everyone: what they would have removed is written anew. False when none wait.</summary>
    /// <inheritdoc cref="AcceptDeletionsAsync" path="/exception"/>
    public Task<bool> RejectDeletionsAsync(CancellationToken cancel) => DecideAsync(BrakeDecision.Rejected, cancel);

    /// <summary>Whether deletions came with a pull that is not completed.</summary>
    internal bool HasHeldOfPull => _hasHeldOfPull;

    /// <summary>A pull was completed: the deletions that it brought may be shown.</summary>
    internal void EndHeldOfPull()
    {
        if (!_hasHeldOfPull) return;
        _hasHeldOfPull = false;
        _hasNewHeld = true;
    }

    /// <summary>Shows the deletions that came with completed pulls, or lets them wait for consent; goes on with what was decided. Never in one hold.</summary>
    internal async Task SettleDeletionsAsync(CancellationToken cancel)
    {
        if (_hasHeldOfPull || Failure is not null) return;
        bool isAtWork = _deleting.CurrentCount == 0; // then it is waited for: who pulled wants to see what came
        if (!_hasNewHeld && !isAtWork) return;
        await _deleting.WaitAsync(CancellationToken.None);
        try
        {
            if (_hasNewHeld) await SettleHeldAsync(cancel);
        }
        finally
        {
            _deleting.Release();
        }
    }

    /// <summary>Remembers, in the batch that completes a pull, what was known before the deletions in it. Under the gate.</summary>
    private void NoteHeldKnowledge(Transaction transaction)
    {
        if (!HasHeld() || _options.Metadata.Get(StateKey(HeldKnowledgeName)) is not null) return;
        _heldKnowledge ??= _store.State.Knowledge;
        transaction.Batch.Put(StateKey(HeldKnowledgeName), KnowledgeCodec.Encode(_heldKnowledge));
    }

    private void LoadHeldKnowledge()
    {
        if (_store.Tables.ReadState(HeldKnowledgeName) is { } row) _heldKnowledge = KnowledgeCodec.Decode(row);
    }

    private async Task<bool> DecideAsync(BrakeDecision decision, CancellationToken cancel)
    {
        // The decision is noted whatever happens then.
        await _deleting.WaitAsync(CancellationToken.None);
        try
        {
            lock (_gate)
            {
                if (Failure is { } failure) throw new MetadataException($"volume {Name} is read-only: {failure}");
                if (WaitingDeletions() is not { } waiting) return false;
                PutState(BrakeName, (waiting with { Decision = decision }).Encode());
            }

            await SettleHeldAsync(cancel);
            return true;
        }
        finally
        {
            _deleting.Release();
        }
    }

    private async Task SettleHeldAsync(CancellationToken cancel)
    {
        _hasNewHeld = false;
        try
        {
            HeldDeletions? brake = WaitingDeletions();
            if (brake?.Decision == BrakeDecision.Rejected)
            {
                await ReviveHeldAsync(cancel);
                return;
            }

            HeldCount held = await CountHeldAsync(cancel);
            bool isAccepted = brake?.Decision == BrakeDecision.Accepted;
            if (!isAccepted && MustAsk(brake, held)) return;
            await ShowHeldAsync(held, cancel);
        }
        catch
        {
            _hasNewHeld = true;
            throw;
        }
    }

    /// <summary>Goes through what is held: what others have replaced goes at once, the rest is counted.</summary>
    private async Task<HeldCount> CountHeldAsync(CancellationToken cancel)
    {
        var count = new HeldCount();
        foreach (InodeId[] batch in HeldInodes().Chunk(Limits.HeldBatch))
        {
            cancel.ThrowIfCancellationRequested();
            CommittedChange change;
            lock (_gate)
            {
                Transaction transaction = ShowingDeletions();
                foreach (InodeId inode in batch)
                {
                    if (transaction.Read(inode) is not { Held: { } held } record) continue;
                    if (record.IsDirectory) count.Directories.Add((inode, transaction.DepthOf(record)));
                    else if (!IsBeingWritten(inode) && transaction.IsReplaced(record)) transaction.ShowDeletion(inode, TrashKind.Replaced);
                    else
                    {
                        count.Files++;
                        count.Peers[held.Peer] = count.Peers.GetValueOrDefault(held.Peer) + 1;
                    }
                }

                if (!batch.Any(transaction.IsEdited)) continue;
                transaction.Purge(batch.Where(inode => !IsBeingWritten(inode)), transaction.KnownToAll());
                change = Commit(transaction);
            }

            await ShowAsync(change);
        }

        return count;
    }

    /// <summary>Whether the deletions must wait for consent; notes it.</summary>
    private bool MustAsk(HeldDeletions? brake, HeldCount held)
    {
        lock (_gate)
        {
            UnixTime now = Now();
            long before = ReadWindow().Count(now), all = before + held.Files;
            VolumePolicy policy = _options.Policy();
            bool isOver = held.Files > 0 && all > policy.BrakeFiles && (FilesHere() is not { } here || all > policy.BrakeShare * (here + before));
            if (brake is null && !isOver) return false;
            if (held.Files == 0) return false;
            PutState(BrakeName, new HeldDeletions(brake?.Since ?? now, held.Files, before, BrakeDecision.None, held.Peers).Encode());
            if (brake is null) _options.Log($"volume {Name}: others deleted {all} files within a day; {held.Files} of them are kept in place until you say \"bazil volume accept {Name}\" or \"bazil volume reject {Name}\"", null);
            return true;
        }
    }

    /// <summary>Files that are shown; null while they are being counted.</summary>
    private long? FilesHere()
    {
        SubtreeAccounts accounts = _store.Accounts;
        return accounts.IsComplete ? accounts.Waiting.Aggregate(accounts.Totals(InodeId.Root).Files, (sum, directory) => sum + accounts.WaitingFor(directory).Files) : null;
    }

    /// <summary>Shows all deletions that are held, but for those of files that programs are writing. Directories last, the deepest first.</summary>
    private async Task ShowHeldAsync(HeldCount held, CancellationToken cancel)
    {
        HashSet<InodeId> directories = [.. held.Directories.Select(entry => entry.Inode)];
        var left = new List<InodeId>();
        foreach (InodeId[] batch in HeldInodes().Where(inode => !directories.Contains(inode)).Concat(held.Directories.OrderByDescending(entry => entry.Depth).Select(entry => entry.Inode)).Chunk(Limits.HeldBatch))
        {
            cancel.ThrowIfCancellationRequested();
            CommittedChange change;
            lock (_gate) change = ShowHeld(batch, left);
            await ShowAsync(change);
        }

        CommittedChange last;
        lock (_gate)
        {
            Transaction transaction = ShowingDeletions();
            transaction.Purge(left.Where(inode => !IsBeingWritten(inode)), transaction.KnownToAll());
            EndHold(transaction.Batch);
            last = Commit(transaction);
        }

        await ShowAsync(last);
    }

    private CommittedChange ShowHeld(InodeId[] batch, List<InodeId> left)
    {
        Transaction transaction = ShowingDeletions();
        long files = 0;
        foreach (InodeId inode in batch)
        {
            if (transaction.Read(inode) is not { Held: not null } record) continue;
            if (IsBeingWritten(inode))
            {
                PutPending(transaction.Batch, inode, Now());
                continue;
            }

            transaction.ShowDeletion(inode, TrashKind.Deleted);
            if (!record.IsDirectory) files++;
        }

        transaction.Purge(batch.Where(inode => !IsBeingWritten(inode)), transaction.KnownToAll());
        left.AddRange(batch.Where(inode => transaction.Read(inode) is { Held: null }));
        if (files > 0) transaction.Batch.Put(StateKey(WindowName), ReadWindow().With(Now(), files).Encode());
        return Commit(transaction);
    }

    private async Task ReviveHeldAsync(CancellationToken cancel)
    {
        foreach (InodeId[] batch in HeldInodes().Chunk(Limits.HeldBatch))
        {
            cancel.ThrowIfCancellationRequested();
            CommittedChange change;
            lock (_gate)
            {
                var transaction = new Transaction(_store);
                var local = new LocalChange(transaction, Now());
                foreach (InodeId inode in batch) local.Revive(inode);
                change = Commit(transaction);
            }

            await ShowAsync(change);
        }

        lock (_gate)
        {
            var batch = new MetadataBatch();
            EndHold(batch);
            Guarded(() => _store.Commit(batch));
        }
    }

    /// <summary>The brake is released; unless something is held still, all that is known is vouched for again. Under the gate.</summary>
    private void EndHold(MetadataBatch batch)
    {
        if (WaitingDeletions() is not null)
        {
            batch.Delete(StateKey(BrakeName));
            batch.Put(StateKey(WindowName), DeletionWindow.Empty.Encode());
        }

        if (_heldKnowledge is null || HasHeld()) return;
        batch.Delete(StateKey(HeldKnowledgeName));
        _heldKnowledge = null;
    }

    private Transaction ShowingDeletions() => new(_store) { MergesForeign = true, ShowsDeletions = true, Now = Now() };

    private DeletionWindow ReadWindow() => _store.Tables.ReadState(WindowName) is { } row ? DeletionWindow.Decode(row) : DeletionWindow.Empty;

    private bool HasHeld()
    {
        using IMetadataCursor cursor = _options.Metadata.ScanPrefix(_store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Held).Bytes);
        return cursor.MoveNext();
    }

    private List<InodeId> HeldInodes() => _store.Tables.ReadInodes(Table.Held);

    private void PutState(ReadOnlySpan<byte> name, byte[] value)
    {
        var batch = new MetadataBatch();
        batch.Put(StateKey(name), value);
        Guarded(() => _store.Commit(batch));
    }

    private byte[] StateKey(ReadOnlySpan<byte> name) => _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(name).Bytes.ToArray();

    private sealed class HeldCount
    {
        public long Files { get; set; }

        public Dictionary<PeerId, long> Peers { get; } = [];

        public List<(InodeId Inode, int Depth)> Directories { get; } = [];
    }
}
