using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;
using Bazil.Server.Collection;
using Bazil.Server.Storages;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Testing;

namespace Bazil.Server.Tests.Collection;

/// <summary>Peers whose word about what they keep for this node is not to be believed.</summary>
public sealed class PeerCollectionTests : IDisposable
{
    private const int FossilsMax = 700;

    private readonly MemoryMetadataStore _metadata = new();
    private readonly SigningKey _key = SigningKey.Generate(new SodiumEntropy());
    private readonly ManualTime _time = new();
    private readonly TestPuts _puts;

    public PeerCollectionTests() => _puts = new TestPuts(new PeerFossils(_metadata, _key.PeerId, FossilsMax), new PeerMarks(_metadata, PeerFossils.StoreIdOf(_key.PeerId), _key.PeerId, new SodiumEntropy(), _time));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _metadata.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task Peer_that_makes_up_ids_fills_few_rows_and_is_named()
    {
        var entropy = new SodiumEntropy();
        byte[] id = new byte[ObjectId.Size];
        for (ulong generation = 1; generation <= 4; generation++)
        {
            _puts.Listed.Clear();
            for (int number = 0; number < 2000; number++)
            {
                entropy.Fill(id);
                _puts.Listed.Add(new ObjectId(id));
            }

            PeerCollection collection = await CollectAsync(generation);
            Assert.Contains(_puts.Name, collection.Problem, StringComparison.Ordinal);
            Assert.InRange(CountFossils(), 0, FossilsMax);
        }
    }

    /// <summary>It has lost its disk, say, or deleted more than it said when the connection broke: no release will ever take these rows away.</summary>
    [Fact]
    public async Task Garbage_that_the_peer_lists_no_more_makes_room_for_other_garbage()
    {
        byte[] id = new byte[ObjectId.Size];
        for (int number = 0; number < 2 * FossilsMax; number++)
        {
            if (number == FossilsMax) await CollectAsync(1);
            if (number == FossilsMax) _puts.Listed.Clear();
            BitConverter.TryWriteBytes(id, number);
            _puts.Listed.Add(new ObjectId(id));
        }

        Assert.Equal(FossilsMax, CountFossils());

        // Not by a list that was cut off.
        _puts.AtEnd = static _ => throw new IOException("the connection is gone");
        Assert.NotNull((await CollectAsync(2)).Problem);
        Assert.Equal(FossilsMax, CountFossils());
        _puts.AtEnd = static _ => Task.CompletedTask;
        await CollectAsync(3);
        Assert.InRange(CountFossils(), 0, FossilsMax / 10); // a filter keeps one in a thousand
        for (ulong generation = 4; generation <= 7; generation++) await CollectAsync(generation);
        Assert.Single(_puts.Listed); // the mark
        Assert.Equal(0, CountFossils());
    }

    [Fact]
    public async Task More_garbage_than_is_noted_at_a_time_goes_bit_by_bit()
    {
        byte[] id = new byte[ObjectId.Size];
        for (int number = 0; number < 1000; number++)
        {
            BitConverter.TryWriteBytes(id, number);
            _puts.Listed.Add(new ObjectId(id));
        }

        Assert.NotNull((await CollectAsync(1)).Problem);
        Assert.Equal(FossilsMax, (await CollectAsync(2)).Sweep.Deleted.Objects);
        await CollectAsync(3);
        PeerCollection last = await CollectAsync(4);
        Assert.Null(last.Problem);
        Assert.Single(_puts.Listed); // the mark
    }

    [Fact]
    public async Task Peer_that_never_ends_its_list_is_left_and_named()
    {
        _puts.Listed.Add(new ObjectId(new byte[ObjectId.Size]));
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _puts.AtEnd = async cancel =>
        {
            reached.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancel);
        };
        Task<PeerCollection> collection = CollectAsync(1);
        await reached.Task.WaitAsync(Cancel);
        _time.Advance(Limits.PeerListTimeMax);
        Assert.Contains(_puts.Name, (await collection).Problem, StringComparison.Ordinal);
    }

    private async Task<PeerCollection> CollectAsync(ulong generation)
    {
        var collection = new PeerCollection(["keeper"], _puts, PackRemoval.Own, new SodiumEntropy(), _time);
        await collection.SweepAsync(new SweepOrder(generation, static _ => false, static _ => true, StartsAgain: false, IsDryRun: false, Pace.Full), Cancel);
        return collection;
    }

    private int CountFossils()
    {
        using IMetadataCursor cursor = _metadata.ScanPrefix([(byte)Table.RemoteFossil]);
        int count = 0;
        while (cursor.MoveNext()) count++;
        return count;
    }

    private sealed class TestPuts(PeerFossils fossils, PeerMarks marks) : IPeerPuts
    {
        public List<ObjectId> Listed { get; } = [];

        public Func<CancellationToken, Task> AtEnd { get; set; } = static _ => Task.CompletedTask;

        public string Name => "peerkey:test";

        public PeerFossils Fossils => fossils;

        public PeerMarks Marks => marks;

        public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
        {
            foreach (ObjectId id in Listed.ToList()) yield return id;
            await AtEnd(cancel);
        }

        public ValueTask PutMarkAsync(ObjectId id, CancellationToken cancel)
        {
            Listed.Add(id);
            return ValueTask.CompletedTask;
        }

        public ValueTask<int> DiscardAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel)
        {
            HashSet<ObjectId> discarded = [.. ids];
            return new(Listed.RemoveAll(discarded.Contains));
        }
    }
}
