using System.Threading.Channels;
using Bazil.Core;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// What lies below each directory: taken in by a task in the background, asked for by xattrs and bazil du (docs/accounting.md).
public sealed partial class Volume
{
    /// <summary>What lies below the directory at a path (slashes, relative to the root), or the file there itself; null when there is nothing.</summary>
    public SubtreeUse? FindSubtree(IEnumerable<FileName> path)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            InodeId at = InodeId.Root;
            foreach (FileName name in path)
            {
                if (!transaction.Require(at).IsDirectory) return null;
                ShownName shown = transaction.Resolve(at, name);
                if (shown.IsNothing) return null;
                at = shown.Primary.Inode;
            }

            NodeRecord record = transaction.Require(at);
            return record.IsDirectory ? SubtreeOf(transaction, record, Inexact(transaction)) : new SubtreeUse(record.ShownContent?.Value.SizeBytes ?? 0, 1, 0, record.ChangeTime, IsExact: true);
        }
    }

    /// <summary>The subdirectories of the directory at a path with what lies below each, in the order of their names.</summary>
    public IReadOnlyList<KeyValuePair<FileName, SubtreeUse>> ListSubtrees(IEnumerable<FileName> path)
    {
        FileName[] names = [.. path];
        var found = new List<KeyValuePair<FileName, SubtreeUse>>();
        HashSet<InodeId>? inexact = null;
        byte[] after = [];
        for (bool isFirst = true; ; isFirst = false)
        {
            // Page by page: nobody waits for the listing of a directory of a million names.
            lock (_gate)
            {
                var transaction = new Transaction(_store);
                if (isFirst) inexact = Inexact(transaction);
                if (FindDirectory(transaction, names) is not { } at) return found;
                int count = 0;
                foreach ((FileName name, Claim[] claims) in Names(transaction, at, after).Take(AccountingLimits.ListedBatch))
                {
                    count++;
                    after = name.Span.ToArray();
                    Claim directory = claims.Where(static claim => claim.IsDirectory).OrderBy(static claim => claim.Node).FirstOrDefault();
                    if (directory.Inode != default) found.Add(KeyValuePair.Create(name, SubtreeOf(transaction, transaction.Require(directory.Inode), inexact)));
                }

                if (count < AccountingLimits.ListedBatch) return found;
            }
        }
    }

    /// <summary>Takes everything in that waits, and counts what is not counted yet. May be called at any time, by anybody.</summary>
    /// <exception cref="MetadataException">The database failed.</exception>
    public async Task SettleAccountsAsync(CancellationToken cancel)
    {
        SubtreeFold? fold = null;
        while (Failure is null)
        {
            cancel.ThrowIfCancellationRequested();
            lock (_gate)
            {
                bool isCounting = true;
                Guarded(() => isCounting = SubtreeCount.Step(_store));
                if (!isCounting || fold is not null || _store.Accounts.WaitingCount > AccountingLimits.WaitingSearchedMax)
                {
                    fold ??= new SubtreeFold(_store);
                    bool isFolding = true;
                    Guarded(() => isFolding = fold.Step());
                    if (!isFolding && !isCounting) return;
                    if (!isFolding) fold = null;
                }
            }

            await Task.Yield();
        }
    }

    /// <summary>Compares the totals of all directories with what is there, and mends what is wrong. Memory: some hundred bytes for each directory.</summary>
    /// <exception cref="MetadataException">The database failed.</exception>
    public async Task<AccountsReport> CheckAccountsAsync(CancellationToken cancel)
    {
        IMetadataSnapshot view;
        lock (_gate)
        {
            if (!_store.Accounts.IsComplete) return new AccountsReport(0, 0, default, IsCounting: true);
            view = _options.Metadata.Snapshot();
        }

        using IMetadataSnapshot owned = view;
        var check = new AccountsCheck(_store.Freeze(view));
        Dictionary<InodeId, SubtreeTotals> drift = await _options.Scheduler.RunAsync(() => Task.FromResult(check.Run(cancel)));
        if (drift.Count > 0) MendAccounts(drift);
        return new AccountsReport(check.DirectoryCount, drift.Count, drift.Keys.DefaultIfEmpty().Min(), IsCounting: false);
    }

    private static InodeId? FindDirectory(Transaction transaction, FileName[] path)
    {
        InodeId at = InodeId.Root;
        foreach (FileName name in path)
        {
            ShownName shown = transaction.Resolve(at, name);
            if (shown.IsNothing || !shown.Primary.IsDirectory) return null;
            at = shown.Primary.Inode;
        }

        return at;
    }

    internal SubtreeUse? FindSubtree(InodeId inode)
    {
        lock (_gate) return Find(inode, out _, out _) is { IsDirectory: true } record ? SubtreeOf(new Transaction(_store), record, inexact: null) : null;
    }

    /// <param name="transaction">For reading.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="inexact">What <see cref="Inexact"/> gave; null when nothing is known to be exact.</param>
    private SubtreeUse SubtreeOf(Transaction transaction, NodeRecord directory, HashSet<InodeId>? inexact)
    {
        SubtreeTotals sum = SubtreeTotals.At(directory.ChangeTime);
        foreach (InodeId member in transaction.UnitedWith(directory.Inode))
        {
            sum = sum.Add(_store.Accounts.Totals(member)).Add(_store.Accounts.WaitingFor(member)).Add(SubtreeTotals.At(transaction.Require(member).ChangeTime));
        }

        return new SubtreeUse(
            unchecked((ulong)sum.Bytes), (ulong)Math.Max(0, sum.Files), (ulong)Math.Max(0, sum.Directories), sum.ChangeTime, inexact?.Contains(directory.Inode) == false);
    }

    /// <summary>Directories below which changes wait; null when all must be taken for such. Found once for a whole list: others wait meanwhile.</summary>
    private HashSet<InodeId>? Inexact(Transaction transaction)
    {
        SubtreeAccounts accounts = _store.Accounts;
        if (!accounts.IsComplete || accounts.WaitingCount > AccountingLimits.WaitingSearchedMax) return null;
        var inexact = new HashSet<InodeId>();
        foreach (InodeId waiting in accounts.Waiting)
        {
            inexact.UnionWith(transaction.UnitedWith(waiting).Where(other => other != waiting));
            for (InodeId at = transaction.ShownParent(waiting); at != default && !inexact.Contains(at); at = transaction.ShownParent(at))
            {
                inexact.UnionWith(transaction.UnitedWith(at));
            }
        }

        return inexact;
    }

    private void MendAccounts(Dictionary<InodeId, SubtreeTotals> drift)
    {
        lock (_gate)
        {
            if (Failure is not null) return;
            var changes = new SubtreeChanges();
            foreach ((InodeId directory, SubtreeTotals missing) in drift.Where(entry => _store.Read(entry.Key) is not null)) changes.Add(directory, missing);
            var batch = new MetadataBatch();
            _store.Accounts.Write(batch, changes);
            if (batch.Count > 0) Guarded(() => _store.Commit(batch));
            _accountSoon.Writer.TryWrite(true);
        }
    }

    /// <summary>Read by <see cref="AccountLoopAsync"/>: something was committed. Holds at most one request.</summary>
    private readonly Channel<bool> _accountSoon = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private async Task AccountLoopAsync()
    {
        try
        {
            while (true)
            {
                await _accountSoon.Reader.ReadAsync(_closing.Token);
                bool isLeft;
                do
                {
                    await Task.Delay(AccountingLimits.FoldInterval, _options.Clock, _closing.Token);
                    await TrySettleAccountsAsync();
                    lock (_gate) isLeft = Failure is null && (!_store.Accounts.IsComplete || _store.Accounts.WaitingCount > 0);
                }
                while (isLeft);
            }
        }
        catch (OperationCanceledException)
        {
            // The volume is closing; what waits is in its rows and goes on after the next start.
        }
    }

    private async Task TrySettleAccountsAsync()
    {
        string work = $"volume {Name}: sizes of directories could not be brought up to date";
        try
        {
            await SettleAccountsAsync(_closing.Token);
            _failures.Succeeded(work);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A failed database has made the volume read-only and said so; whatever else it is, the next turn comes.
            _failures.Failed(work, e);
        }
    }
}
