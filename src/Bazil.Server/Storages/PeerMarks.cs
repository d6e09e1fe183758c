using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Storages;

/// <summary>
/// Shows whether this node's rows are older than what it put at a peer: with each collection, and before the first put in each run and each hour, it puts an object of another random name there, remembers that before, and takes the
/// last one back. One that is there and that these rows do not know was put by a newer state of this data directory (docs/gc.md, "A data directory that was restored").
/// The row is <c>format (1) = 2 | last (32) | next (32) | is old (1) | number (1) of marks before, the newest first (32 each)</c>, zeros for none; an older version wrote format 1, without the marks before. Safe for concurrent use.
/// </summary>
internal sealed class PeerMarks(IMetadataStore metadata, ReadOnlyMemory<byte> storeId, PeerId self, IEntropy entropy, TimeProvider time)
{
    private const byte Format = 2;
    private const byte FormatWithoutBefore = 1;
    private const int BeforeMax = 64; // those that could not be taken back, for the connection was gone
    private const int PrefixBytes = 16;

    private readonly byte[] _key = [(byte)Table.RemoteLease, .. storeId.Span];
    private readonly byte[] _prefix = PrefixOf(self);

    private readonly Lock _gate = new(); // held from reading the row to writing it; nothing is waited for meanwhile
    private TaskCompletionSource? _renewing; // ends when the mark that is being put is there, or failed; guarded by the gate

    // Written by whoever renews; nobody else does then.
    private ObjectId _begun; // in this run, and not known to have arrived
    private Beginning? _begunAt; // when that was
    private volatile Beginning? _covered; // when the mark was begun that is there

    private long _expiry;

    /// <summary>Nothing is released there before somebody says that it may be.</summary>
    public bool AreRowsOld => Read()?.IsOld == true;

    public bool IsMark(in ObjectId id) => id.Span.StartsWith(_prefix);

    private bool IsDue => !IsRecent(_covered);

    /// <summary>Looks at all marks that the peer lists.</summary>
    public void Look(IReadOnlyCollection<ObjectId> found)
    {
        lock (_gate)
        {
            Row row = Read() ?? Row.None;
            if (!row.IsOld && found.Any(mark => mark != row.Last && mark != row.Next && !row.Before.Contains(mark))) Put(row with { IsOld = true });
        }
    }

    /// <summary>Somebody says that what is there may be released although it may be newer than these rows.</summary>
    /// <param name="found">All that are there: these rows know them from now on.</param>
    public void Claim(IEnumerable<ObjectId> found)
    {
        lock (_gate)
        {
            if (Read() is { IsOld: true } row) Put(row.After(found) with { IsOld = false });
        }
    }

    /// <summary>Something begins to count on what is put there that a backup of these rows does not know: the next put is not before another mark.</summary>
    public void Expire() => Interlocked.Increment(ref _expiry);

    /// <summary>
    /// Makes sure that a backup of these rows that was taken before this run, or more than <see cref="Limits.PeerMarkAgeMax"/> ago, is known by the marks: another one is there when this returns. Before each put, of which nearly all find that there
    /// is nothing to do. Not while the rows are old: what shows that stays, and nothing is released.
    /// </summary>
    /// <param name="put">Makes a mark durable there.</param>
    /// <param name="discard">Takes marks back. May fail: they are known, and taken back with the next.</param>
    public async ValueTask RequireAsync(Func<ObjectId, Task> put, Func<IReadOnlyList<ObjectId>, Task> discard, CancellationToken cancel)
    {
        if (!IsDue) return;
        await BeginRenewingAsync(cancel);
        try
        {
            if (!IsDue || AreRowsOld) return;
            IReadOnlyList<ObjectId> before = await RenewHeldAsync([], put);
            if (before.Count > 0) await discard(before);
        }
        catch (StoreException) when (!IsDue)
        {
            // The mark is there.
        }
        finally
        {
            EndRenewing();
        }
    }

    /// <summary>Puts another mark. Not while the rows are old: what shows that stays.</summary>
    /// <param name="found">All that are there.</param>
    public async Task RenewAsync(IReadOnlyList<ObjectId> found, Func<ObjectId, Task> put, Func<IReadOnlyList<ObjectId>, Task> discard, CancellationToken cancel)
    {
        await BeginRenewingAsync(cancel);
        try
        {
            await RenewHeldAsync(found, put);
            if (found.Count > 0) await discard(found);
        }
        finally
        {
            EndRenewing();
        }
    }

    /// <summary>Returns when nobody else renews. One at a time.</summary>
    private async Task BeginRenewingAsync(CancellationToken cancel)
    {
        for (;;)
        {
            Task running;
            lock (_gate)
            {
                if (_renewing is null)
                {
                    _renewing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    return;
                }

                running = _renewing.Task;
            }

            await running.WaitAsync(cancel);
        }
    }

    private void EndRenewing()
    {
        TaskCompletionSource ended;
        lock (_gate) (ended, _renewing) = (_renewing!, null);
        ended.SetResult();
    }

    /// <returns>The marks that these rows know to be there, or to have been there, beside the new one.</returns>
    private async Task<IReadOnlyList<ObjectId>> RenewHeldAsync(IReadOnlyList<ObjectId> found, Func<ObjectId, Task> put)
    {
        ObjectId next = Begin(found);
        metadata.Sync(); // before the peer knows it
        await put(next);
        ImmutableArray<ObjectId> before;
        lock (_gate)
        {
            Row row = Read() ?? Row.None;
            before = row.Before;
            Put(row with { Last = next, Next = default });
        }

        metadata.Sync(); // before the ones before it are taken back
        _begun = default;
        _covered = _begunAt;
        return before;
    }

    /// <summary>Notes the mark that is put next: the one that may be on its way, but no other run's and none that is not recent, for a backup of these rows may know that one.</summary>
    private ObjectId Begin(IReadOnlyList<ObjectId> found)
    {
        lock (_gate)
        {
            Row row = (Read() ?? Row.None).After(found);
            if (_begun.IsZero || !IsRecent(_begunAt) || _begun != row.Next || found.Contains(_begun))
            {
                _begunAt = new Beginning(Volatile.Read(ref _expiry), time.GetUtcNow(), time.GetTimestamp());
                row = row.After([row.Next]) with { Next = _begun = NewMark() };
            }

            Put(row);
            return row.Next;
        }
    }

    /// <summary>Whether a mark was begun not long ago, and nothing expired since. By both clocks: one stands still while the machine sleeps, and the other can be set.</summary>
    private bool IsRecent(Beginning? begun) =>
        begun is not null && begun.Expiry == Volatile.Read(ref _expiry) && time.GetElapsedTime(begun.Timestamp) < Limits.PeerMarkAgeMax && (time.GetUtcNow() - begun.Utc).Duration() < Limits.PeerMarkAgeMax;

    private ObjectId NewMark()
    {
        byte[] mark = new byte[ObjectId.Size];
        entropy.Fill(mark);
        _prefix.CopyTo(mark, 0);
        return new ObjectId(mark);
    }

    private Row? Read()
    {
        if (metadata.Get(_key) is not { } bytes) return null;
        var reader = new WireReader(bytes, "row of a mark at a peer");
        byte format = reader.ReadByte();
        if (format is not (Format or FormatWithoutBefore)) throw reader.Malformed($"format {format} is not known to this version");
        var row = new Row(new ObjectId(reader.ReadFixed(ObjectId.Size)), new ObjectId(reader.ReadFixed(ObjectId.Size)), reader.ReadByte() != 0, []);
        for (int left = format == Format ? reader.ReadByte() : 0; left > 0; left--) row = row with { Before = row.Before.Add(new ObjectId(reader.ReadFixed(ObjectId.Size))) };
        reader.ExpectEnd();
        return row;
    }

    private void Put(in Row row)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteFixed(row.Last.Span);
        writer.WriteFixed(row.Next.Span);
        writer.WriteByte(row.IsOld ? (byte)1 : (byte)0);
        writer.WriteByte((byte)row.Before.Length);
        foreach (ObjectId mark in row.Before) writer.WriteFixed(mark.Span);
        var batch = new MetadataBatch();
        batch.Put(_key, writer.Span);
        metadata.Commit(batch);
    }

    private static byte[] PrefixOf(in PeerId self)
    {
        byte[] prefix = new byte[PrefixBytes];
        Blake2b.Hash(self.Span, prefix, personal: "bazil-peer-mark\0"u8);
        return prefix;
    }

    /// <summary>A backup of the rows that was taken before this does not know the mark; one that was taken after it may.</summary>
    private sealed record Beginning(long Expiry, DateTimeOffset Utc, long Timestamp);

    /// <param name="Last">The mark that is known to be there.</param>
    /// <param name="Next">The one that may be there, because this node died while it put it.</param>
    /// <param name="Before">Those that were there before these.</param>
    private readonly record struct Row(ObjectId Last, ObjectId Next, bool IsOld, ImmutableArray<ObjectId> Before)
    {
        public static Row None => new(default, default, false, []);

        public Row After(IEnumerable<ObjectId> found) => this with { Before = [.. found.Append(Last).Concat(Before).Where(static mark => !mark.IsZero).Distinct().Take(BeforeMax)] };
    }
}
