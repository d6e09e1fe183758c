using Bazil.Core;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Collection;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Eviction;

/// <summary>
/// Several nodes and a store that promises nothing, all with the same objects: they evict at once, fetch again, hit, lose power, are not reached, and time passes, in an order that the seed decides. After each step: of each object there are as many
/// copies that survive anything as the policy asks for, or as there were when that is less; and nothing that was hit goes.
/// </summary>
internal sealed class EvictionModel
{
    private const int ObjectCount = 12;

    private readonly Random _random;
    private readonly SeededScheduler _scheduler;
    private readonly ManualTime _time = new();
    private readonly Node[] _nodes;
    private readonly HashSet<ObjectId> _dumb = [];
    private readonly ObjectId[] _objects = [.. Enumerable.Range(0, ObjectCount).Select(Ids.Of)];
    private readonly Dictionary<ObjectId, int> _wanted = [];
    private readonly List<Task> _work = [];
    private readonly int _copies;
    private readonly bool _isDumbRequired;
    private readonly bool _asksForHolds;

    /// <param name="asksForHolds">False leaves the holds out: the stores are only asked what they have. The model must find what is lost then.</param>
    public EvictionModel(int seed, bool asksForHolds = true)
    {
        _asksForHolds = asksForHolds;
        _random = new Random(seed);
        _scheduler = new SeededScheduler(_random);
        _copies = _random.Next(1, 3);
        bool hasDumb = _random.Next(2) == 0;
        _isDumbRequired = hasDumb && _random.Next(3) == 0;
        _nodes = [.. Enumerable.Range(0, _random.Next(2, 5)).Select(number => new Node(this, number, _objects.Where(_ => _random.Next(4) > 0)))];
        if (hasDumb) _dumb.UnionWith(_objects.Where(_ => _random.Next(2) == 0));
        foreach (ObjectId id in _objects) _wanted[id] = Math.Min(_copies, CountOf(id));
    }

    /// <summary>What went wrong first; null when nothing did.</summary>
    public string? Violation { get; private set; }

    public int Evicted { get; private set; }

    public int Refused { get; private set; }

    public void Run(int steps)
    {
        for (int step = 0; step < steps && Violation is null; step++)
        {
            switch (_random.Next(40))
            {
                case 0 or 1: Start(RandomNode().EvictAsync); break;
                case 2: Start(RandomNode().FetchAsync); break;
                case 3: Start(RandomNode().HitAsync); break;
                case 4 when _random.Next(3) == 0: RandomNode().Crash(); break;
                case 5: RandomNode().IsAway ^= true; break;
                case 6: Pass(TimeSpan.FromMinutes(_random.Next(1, 6))); break;
                default: _scheduler.Step(); break;
            }
        }

        while (Violation is null && _scheduler.Step())
        {
        }

        foreach (Node node in _nodes) node.Dispose();
    }

    /// <summary>Nobody stands still for longer than a hold lasts while the others go on: that is what the hour is for.</summary>
    private void Pass(TimeSpan time)
    {
        _scheduler.StepAll();
        _time.Advance(time);
    }

    private void Start(Func<Task> work) => _work.Add(_scheduler.Run(work));

    private Node RandomNode() => _nodes[_random.Next(_nodes.Length)];

    private int CountOf(ObjectId id) => _nodes.Count(node => node.Disk.HasForSure(id)) + (_dumb.Contains(id) ? 1 : 0);

    private void CheckDeletion(Node node, ObjectId id)
    {
        int left = CountOf(id) - (node.Disk.HasForSure(id) ? 1 : 0);
        Evicted++;
        if (left < _wanted[id] || left == 0) Violation ??= $"node {node.Number} leaves {left} copies of object {Array.IndexOf(_objects, id)}, wanted are {_wanted[id]}";
        if (_isDumbRequired && !_dumb.Contains(id)) Violation ??= $"node {node.Number} evicts object {Array.IndexOf(_objects, id)}, which the required store does not have";
        if (node.Hits.Contains(id)) Violation ??= $"node {node.Number} evicts object {Array.IndexOf(_objects, id)}, which was hit";
    }

    private sealed class Node : IDisposable
    {
        private readonly EvictionModel _model;
        private readonly SeededEntropy _entropy;
        private MemoryMetadataStore _metadata = new();
        private CollectingObjectStore _store = null!;
        private HoldGranter _granter = null!;
        private bool _isEvicting;
        private int _evictions;

        public Node(EvictionModel model, int number, IEnumerable<ObjectId> content)
        {
            (_model, Number) = (model, number);
            _entropy = new SeededEntropy(model._random);
            Disk = new PowerStore(content, id => model.CheckDeletion(this, id));
            Start();
        }

        public int Number { get; }

        public PowerStore Disk { get; private set; }

        public bool IsAway { get; set; }

        /// <summary>What was hit since the eviction that runs has begun.</summary>
        public HashSet<ObjectId> Hits { get; } = [];

        /// <summary>Another number for each start.</summary>
        public int Run { get; private set; }

        private PeerId Id => PeerOf(Number);

        /// <summary>Disk and store have nothing to give back.</summary>
        public void Dispose() => _metadata.Dispose();

        public void Crash()
        {
            IReadOnlyList<ObjectId> found = Disk.Die(_model._random);
            _metadata.LoseUnsynced(_model._random);
            _metadata = Copy(_metadata);
            Disk = new PowerStore(found, id => _model.CheckDeletion(this, id));
            Hits.Clear();
            _isEvicting = false;
            Start();
        }

        public async Task EvictAsync()
        {
            if (_isEvicting) return;
            _isEvicting = true;
            _evictions++;
            (int run, CollectingObjectStore store, EvictionModel model) = (Run, _store, _model);
            Hits.Clear();
            using ObjectEviction eviction = store.BeginEviction();
            try
            {
                var candidates = new List<EvictionCandidate>();
                foreach (ObjectId id in model._objects.Where(_ => model._random.Next(3) > 0))
                {
                    if (model._random.Next(8) == 0) eviction.Keep(id);
                    else if (await eviction.SizeOfAsync(id, CancellationToken.None) is { } size) candidates.Add(new EvictionCandidate(id, size, ulong.MaxValue));
                }

                ICountedStore[] stores = [new Dumb(model), .. model._nodes.Where(node => node != this).Select(node => new Link(this, node))];
                var report = new EvictionReport();
                var round = new EvictionRound(eviction, stores, model._copies, model._isDumbRequired ? 1UL : 0, _entropy, model._time);
                await round.RunAsync(candidates, report, CancellationToken.None);
                model.Refused += (int)report.Kept.Values.Sum(static kept => kept.Objects);
            }
            catch (StoreException)
            {
                // The machine has died.
            }
            finally
            {
                if (run == Run) _isEvicting = false;
            }
        }

        /// <summary>Reads an object that is elsewhere, and keeps it.</summary>
        public async Task FetchAsync()
        {
            ObjectId id = RandomObject();
            if (_model.CountOf(id) == 0) return;
            await IgnoringDeathAsync(async () =>
            {
                await _store.PutAsync(id, id.Span.ToArray(), CancellationToken.None);
                if (_model._random.Next(2) == 0) await _store.SyncAsync(CancellationToken.None);
            });
        }

        /// <summary>Writes a file with an object in it: once told that it is there, it relies on it. What was asked before an eviction begins is found in open files by it (docs/gc.md, "From bytes").</summary>
        public Task HitAsync() => IgnoringDeathAsync(async () =>
        {
            (int run, int evictions, bool isEvicting, ObjectId id) = (Run, _evictions, _isEvicting, RandomObject());
            if (await _store.TouchAsync(id, CancellationToken.None) && isEvicting && run == Run && evictions == _evictions) Hits.Add(id);
        });

        private async Task IgnoringDeathAsync(Func<Task> work)
        {
            try
            {
                await work();
            }
            catch (StoreException)
            {
                // The machine has died.
            }
        }

        private ObjectId RandomObject() => _model._objects[_model._random.Next(ObjectCount)];

        private void Start()
        {
            Run++;
            var holds = new ObjectHolds(_metadata, _model._time);
            _store = new CollectingObjectStore(Disk, _metadata, _entropy, holds);
            _granter = new HoldGranter(_store, holds, Id, static (_, _, _) => new ValueTask<bool>(true));
        }

        private static PeerId PeerOf(int number)
        {
            byte[] id = new byte[PeerId.Size];
            id[0] = (byte)(number + 1);
            return new PeerId(id);
        }

        private static MemoryMetadataStore Copy(MemoryMetadataStore from)
        {
            var copy = new MemoryMetadataStore();
            var batch = new MetadataBatch();
            using IMetadataCursor cursor = from.Scan([0], [0xFF]);
            while (cursor.MoveNext()) batch.Put(cursor.Key, cursor.Value);
            copy.Commit(batch);
            copy.Sync();
            return copy;
        }

        /// <summary>From one node to another: what is asked may not arrive, nor the answer.</summary>
        private sealed class Link(Node from, Node to) : ICountedStore
        {
            private readonly int _run = from.Run;

            public string Name => $"node {to.Number}";

            public async ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, IReadOnlyList<ObjectId> ids, CancellationToken cancel)
            {
                if (!from._model._asksForHolds) return [.. (await LookAsync(ids, cancel)).Select(static has => has ? HoldAnswer.Held : HoldAnswer.Absent)];
                await TravelAsync();
                IReadOnlyList<HoldAnswer> answers = await to._granter.HoldAsync(from.Id, ticket, new HoldClaim(default, Knowledge.Empty), ids, cancel);
                await TravelAsync();
                return answers;
            }

            public async ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel)
            {
                await TravelAsync();
                to._granter.Release(from.Id, ticket);
            }

            public async ValueTask<IReadOnlyList<bool>> LookAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel)
            {
                await TravelAsync();
                var has = new List<bool>();
                foreach (ObjectId id in ids) has.Add(await to._store.HasAsync(id, cancel));
                await TravelAsync();
                return has;
            }

            private async Task TravelAsync()
            {
                for (int step = from._model._random.Next(4); step >= 0; step--) await Task.Yield();
                if (to.IsAway || from.IsAway || from.Run != _run || from._model._random.Next(20) == 0) throw new StoreException($"{Name} is not reached") { IsUnreachable = true };
            }
        }
    }

    private sealed class Dumb(EvictionModel model) : ICountedStore
    {
        public string Name => "packs";

        public async ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, IReadOnlyList<ObjectId> ids, CancellationToken cancel) =>
            [.. (await LookAsync(ids, cancel)).Select(static has => has ? HoldAnswer.Held : HoldAnswer.Absent)];

        public ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel) => ValueTask.CompletedTask;

        public async ValueTask<IReadOnlyList<bool>> LookAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel)
        {
            await Task.Yield();
            return [.. ids.Select(model._dumb.Contains)];
        }
    }

    private sealed class SeededEntropy(Random random) : IEntropy
    {
        public void Fill(Span<byte> bytes) => random.NextBytes(bytes);
    }
}
