using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>
/// Several machines with one volume, in one process, from one seed. Content lies in one store that all can read, as
/// here only metadata is exchanged; or in a store of each machine.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private readonly List<Replica> _replicas = [];

    private World(int seed, IObjectStore objects, bool hasOwnStores, IEntropy? entropy = null)
    {
        Objects = objects;
        HasOwnStores = hasOwnStores;
        Random = new Random(seed);
        Entropy = entropy ?? new SeededEntropy(new Random(seed + 1));
        VolumeId = VolumeId.Random(Entropy);
        byte[] secret = new byte[SharingKey.Size];
        Entropy.Fill(secret);
        SharingKey = new SharingKey(secret);
        Keys.Add(SharingKey);
    }

    public Random Random { get; }

    public IEntropy Entropy { get; }

    public ManualClock Clock { get; } = new();

    /// <summary>What is set about deletions, on all machines.</summary>
    public VolumePolicy Policy { get; set; } = VolumePolicy.Default;

    public VolumeId VolumeId { get; }

    public SharingKey SharingKey { get; }

    /// <summary>Each machine has a store of its own and reads from those of the others what it lacks.</summary>
    public bool HasOwnStores { get; }

    /// <summary>All keys that anybody ever rotated to, the first one first.</summary>
    public List<SharingKey> Keys { get; } = [];

    public IObjectStore Objects { get; }

    /// <summary>Where machines with stores of their own find what they lack, from their next start on; null for the others' stores.</summary>
    public IObjectStore? Far { get; set; }

    /// <summary>What volumes know of the stores elsewhere, from their next start on.</summary>
    public IContentReach? Reach { get; set; }

    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>Makes a world in which every machine is a member and knows it.</summary>
    public static async Task<World> CreateAsync(int count, int seed = 1, IObjectStore? objects = null, bool hasOwnStores = false, IEntropy? entropy = null, bool spreads = true)
    {
        var world = new World(seed, objects ?? new MemoryObjectStore("shared"), hasOwnStores, entropy);
        for (int index = 0; index < count; index++) world._replicas.Add(new Replica(world, index < 26 ? $"{(char)('A' + index)}" : $"M{index}", index == 0));
        foreach (Replica replica in world._replicas.Skip(1)) world._replicas[0].Volume.AddMember(replica.Id);
        foreach (Replica replica in world._replicas.Skip(1)) await replica.PullAsync(world._replicas[0]);
        if (spreads) await world.SpreadAsync();
        return world;
    }

    /// <summary>Makes a world of machines that are simulated down to their disks; the first is the first member, the others join.</summary>
    /// <param name="seed">Decides keys and ids.</param>
    /// <param name="build">Makes the machines.</param>
    public static async Task<World> CreateAsync(int seed, Func<World, IReadOnlyList<Replica>> build)
    {
        var world = new World(seed, new MemoryObjectStore("none"), hasOwnStores: true);
        world._replicas.AddRange(build(world));
        foreach (Replica replica in world._replicas.Skip(1)) world._replicas[0].Volume.AddMember(replica.Id);
        foreach (Replica replica in world._replicas.Skip(1)) await replica.PullAsync(world._replicas[0]);
        return world;
    }

    public void Deconstruct(out Replica a, out Replica b) => (a, b) = (_replicas[0], _replicas[1]);

    public void Deconstruct(out Replica a, out Replica b, out Replica c) => (a, b, c) = (_replicas[0], _replicas[1], _replicas[2]);

    /// <summary>Everybody pulls from everybody, twice; who cannot prove the newest key, or is ahead of the other, does not.</summary>
    public async Task SpreadAsync()
    {
        for (int round = 0; round < 2; round++)
        {
            foreach (Replica to in _replicas)
            {
                foreach (Replica from in _replicas.Where(from => from != to)) await to.TryPullAsync(from);
            }
        }
    }

    /// <summary>Pulls until nothing changes any more, then checks that all replicas agree, in state and in what they show.</summary>
    public async Task SettleAsync(string context = "")
    {
        string before = "";
        for (int round = 0; round < 12; round++)
        {
            await SpreadAsync();
            string after = string.Join('\n', _replicas.Select(replica => replica.Volume.Knowledge + Describe(replica.State())));
            if (after == before) break;
            Assert.True(round < 11, $"{context}: does not come to rest");
            before = after;
        }

        foreach (Replica replica in _replicas)
        {
            string differs = $"{context}: {_replicas[0].Name} and {replica.Name} differ";
            Assert.True(Describe(_replicas[0].State()) == Describe(replica.State()), $"{differs} in state\n{Diff(_replicas[0].State(), replica.State())}");
            Assert.True(Describe(_replicas[0].Tree()) == Describe(replica.Tree()), $"{differs} in the tree\n{Diff(_replicas[0].Tree(), replica.Tree())}");
            Assert.Equal(Describe(TreeOracle.Compute(replica.Metadata)), Describe(replica.Tree()));
            Assert.All(StateReader.Records(replica.Metadata), CheckAccessLists);
            Assert.Null(replica.Volume.Failure);
            await CheckAccountsAsync(replica, context);
        }
    }

    /// <summary>The totals of directories are right in every state, with what waits and after it was taken in.</summary>
    private static async Task CheckAccountsAsync(Replica replica, string context)
    {
        for (int round = 0; round < 2; round++)
        {
            AccountsReport report = await replica.Volume.CheckAccountsAsync(CancellationToken.None);
            Assert.True(report is { DriftedCount: 0, IsCounting: false }, $"{context}: on {replica.Name} the totals of {report.DriftedCount} directories are wrong, first {report.First}");
            await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        }
    }

    /// <summary>List and mode are one value, so they agree whoever wrote it last.</summary>
    private static void CheckAccessLists(NodeRecord record)
    {
        foreach (AttributeValue value in record.Attributes.DistinctValues())
        {
            if (value.Extended.Find(AccessList.AccessName) is not { } bytes) continue;
            Assert.True(AccessList.TryParse(bytes, out AccessList? list));
            Assert.Equal(list!.ApplyTo(value.Mode), value.Mode);
        }
    }

    /// <summary>
    /// Gives all keys to all machines and lets their background tasks run until nothing changes. Then one epoch is left, and its key alone opens
    /// all content.
    /// </summary>
    public async Task FinishRotationAsync(string context = "")
    {
        foreach (Replica replica in _replicas)
        {
            foreach (SharingKey key in Keys) replica.AddKey(key);
            replica.Volume.EmptyTrash([.. replica.Volume.ListTrash().Select(entry => entry.Id)]);
        }

        for (int round = 0; round < 4; round++)
        {
            foreach (Replica replica in _replicas) await replica.ResealAsync();
            await SettleAsync(context);
            foreach (Replica replica in _replicas) replica.Volume.EmptyTrash([.. replica.Volume.ListTrash().Select(entry => entry.Id)]);
        }

        foreach (Replica replica in _replicas)
        {
            Assert.True(replica.Keys.Epochs.Epochs.Count == 1, $"{context}: {replica.Name} has {string.Join(", ", replica.Keys.Epochs.Epochs)}");
            Assert.False(await replica.ResealAsync(), context);
            foreach (SharingKey key in Keys.Where(key => key.Fingerprint != replica.Keys.Newest.Key))
            {
                Assert.True(replica.Volume.NeedOf(key.Fingerprint) is null, $"{context}: {replica.Name} needs {key}: it is {replica.Volume.NeedOf(key.Fingerprint)}");
                replica.RemoveKey(key);
            }

            await replica.ReadAllAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Replica replica in _replicas) await replica.DisposeAsync();
        foreach (SharingKey key in Keys) key.Dispose();
        await Objects.DisposeAsync();
    }

    public static string Describe(SortedDictionary<string, string> map) => string.Join('\n', map.Select(entry => $"{entry.Key} = {entry.Value}"));

    private static string Diff(SortedDictionary<string, string> left, SortedDictionary<string, string> right) =>
        string.Join('\n', left.Keys.Union(right.Keys).Where(key => left.GetValueOrDefault(key) != right.GetValueOrDefault(key))
            .Select(key => $"  {key}\n    {left.GetValueOrDefault(key)}\n    {right.GetValueOrDefault(key)}"));
}
