using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.Packs.Model;

/// <summary>
/// A node with a real <see cref="PackStore"/> in a folder that others use, and a model of the rest: what its volumes refer to, and which of that it has itself. What it refers to and does not have has to be in the folder.
/// </summary>
internal sealed class SharedNode : IDisposable
{
    private readonly SharedWorld _world;
    private readonly SigningKey _key;
    private readonly List<Task> _work = [];
    private readonly HashSet<int> _put = []; // while a collection runs
    private MemoryMetadataStore _metadata = new();
    private NodeBackup? _backup;
    private NodeSteps _steps;
    private PackStore _store;
    private bool _isCollecting, _isLeaving;
    private ulong _generation; // durable

    public SharedNode(SharedWorld world, int number)
    {
        (_world, Number, _key) = (world, number, TestNode.Key(number + 1));
        (_steps, _store) = Start();
    }

    public int Number { get; }

    public PeerId Id => _key.PeerId;

    /// <summary>What its volumes refer to.</summary>
    public HashSet<int> Needed { get; } = [];

    /// <summary>What it has on its own disk.</summary>
    public HashSet<int> Held { get; } = [];

    /// <summary>What only the folder has and others count on this node to keep there, though it does not know of it any more: it was restored from a backup that is older.</summary>
    public HashSet<int> Promised { get; } = [];

    /// <summary>What it does at present, at most two things at a time.</summary>
    public IEnumerable<Task> Work => _work;

    public bool IsCollecting => _isCollecting;

    public bool IsBusy => _isLeaving || _work.Count(static task => !task.IsCompleted) > 1;

    /// <summary>What is left out of listings of its folder.</summary>
    public Predicate<string> IsHidden { get; set; } = static _ => false;

    public bool IsFlaky { get; set; } = true;

    public void Dispose()
    {
        _metadata.Dispose();
        _key.Dispose();
    }

    /// <summary>Something refers to an object, whose bytes were written here.</summary>
    public void Refer(int number)
    {
        Needed.Add(number);
        Held.Add(number);
        _put.Add(number);
    }

    public void Drop(int number)
    {
        Needed.Remove(number);
        Held.Remove(number);
    }

    public void Begin(Func<SharedNode, Task> work)
    {
        _work.RemoveAll(static task => task.IsCompleted);
        _work.Add(Task.Factory.StartNew(() => work(this), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _steps).Unwrap());
    }

    /// <summary>A power cut: what it does ends, and of what was not synced a part is lost.</summary>
    public void Crash()
    {
        _steps.Kill();
        _metadata.LoseUnsynced(_world.Random);
        _work.Clear();
        _isCollecting = _isLeaving = false;
        (_steps, _store) = Start();
    }

    /// <summary>Keeps a copy of all that this node has on its disk.</summary>
    public void BackUp()
    {
        _metadata.Sync();
        _backup = new NodeBackup(NodeBackup.Copy(_metadata), [.. Held], [.. Needed], _generation);
    }

    /// <summary>Starts with the copy. What lay in the folder alone is not counted on after that: a collection since may have let it go.</summary>
    public void Restore()
    {
        if (_backup is not { } backup) return;
        if (PackLeaseRow.Read(backup.Metadata, SharedWorld.StoreId)?.IsOurs(_world.LeaseOf(Id)) != true) Promised.UnionWith(Needed.Except(Held).Intersect(_world.ListThere()));
        _metadata = NodeBackup.Copy(backup.Metadata);
        _generation = backup.Generation;
        Held.Clear();
        Held.UnionWith(backup.Held);
        Needed.Clear();
        Needed.UnionWith(backup.Needed.Intersect(backup.Held));
        Crash();
    }

    /// <summary>The folder is another than before: nothing that is not there is counted on, and where this node was restored, too, nobody can know what it has promised.</summary>
    public void Recount(HashSet<int> there)
    {
        Needed.RemoveWhere(number => !Held.Contains(number) && !there.Contains(number));
        Promised.Clear();
    }

    /// <summary>What <c>PushPass</c> does.</summary>
    public async Task PushAsync()
    {
        await _store.RequireLeaseAsync(CancellationToken.None);
        foreach (int number in Needed.Intersect(Held).Order().ToList())
        {
            ObjectId id = SharedWorld.IdOf(number);
            if (_store.Rely(id)) continue;
            if (_store.Knows(id) && await IsThereAsync(id, number) && _store.Rely(id)) continue;
            await _store.PutAsync(id, SharedWorld.BytesOf(number), CancellationToken.None);
        }

        await _store.SyncAsync(CancellationToken.None);
    }

    /// <summary>Removes what it has itself and the folder has, too.</summary>
    public async Task EvictAsync()
    {
        int restores = _world.FolderRestores;
        IReadOnlySet<ObjectId> there = await _store.ConfirmAsync([.. Held.Order().Select(SharedWorld.IdOf)], CancellationToken.None);
        if (restores != _world.FolderRestores) return; // no node could know
        Held.RemoveWhere(number => there.Contains(SharedWorld.IdOf(number)));
    }

    /// <summary>What <c>bazil gc</c> does; with <see cref="PackRemoval.All"/> somebody has seen to it that nobody needs what this node does not know of.</summary>
    public async Task CollectAsync(PackRemoval removal = PackRemoval.Own)
    {
        if (_isCollecting) return;
        _isCollecting = true;
        try
        {
            if (removal == PackRemoval.All) Promised.Clear();
            await CollectAloneAsync(removal);
        }
        finally
        {
            _isCollecting = false;
        }
    }

    /// <summary>Uses the folder no more, when nothing it needs lies there alone.</summary>
    public async Task LeaveAsync()
    {
        if (_work.Count(static task => !task.IsCompleted) > 1) return;
        await _store.MeetAsync(CancellationToken.None);
        if (_work.Count(static task => !task.IsCompleted) > 1 || !Needed.IsSubsetOf(Held)) return;
        _isLeaving = true;
        try
        {
            Promised.Clear(); // nobody may count on it there any more
            await _store.LeaveAsync(CancellationToken.None);
        }
        finally
        {
            _isLeaving = false;
        }
    }

    /// <summary>Reads all that it needs and does not have.</summary>
    public async Task CheckAsync()
    {
        foreach (int number in Needed.Except(Held).Order().ToList())
        {
            _store.ForgetNeighbours();
            using IMemoryOwner<byte>? found = await _store.GetAsync(SharedWorld.IdOf(number), CancellationToken.None);
            Assert.Equal(SharedWorld.BytesOf(number), found?.Memory.ToArray());
        }
    }

    private async Task CollectAloneAsync(PackRemoval removal)
    {
        _put.Clear();
        HashSet<int> view = [.. Needed];
        try
        {
            await _store.PrepareAsync(CancellationToken.None);
        }
        catch (StoreException)
        {
            // The rows are looked at all the same.
        }

        bool isAgreed = _world.Random.Next(4) > 0;
        var order = new SweepOrder(_generation + 1, id => view.Contains(SharedWorld.NumberOf(id)) || _put.Contains(SharedWorld.NumberOf(id)), _ => isAgreed, StartsAgain: _world.Random.Next(20) == 0, IsDryRun: false, Pace.Full);
        _metadata.Sync();
        await _store.SweepRowsAsync(order, CancellationToken.None);
        _metadata.Sync();
        _generation++;
        PackReclaim done = await _store.ReclaimAsync(removal, null, CancellationToken.None);
        _world.RemovedPacks += done.RemovedPacks;
    }

    private async Task<bool> IsThereAsync(ObjectId id, int number)
    {
        _store.ForgetNeighbours();
        using IMemoryOwner<byte>? found = await _store.GetAsync(id, CancellationToken.None);
        if (found is null || !found.Memory.Span.SequenceEqual(SharedWorld.BytesOf(number))) return false;
        _store.NoteVerified(id, found);
        return true;
    }

    private (NodeSteps Steps, PackStore Store) Start()
    {
        var folder = new SteppedFolder(_world.Files, _world.Random, _world.CheckLoss, PackLease.FileNameOf(Id)) { IsFlaky = IsFlaky, IsHidden = name => IsHidden(name) };
        return (new NodeSteps(_world.Steps), new PackStore(folder, _metadata, new SeededEntropy(_world.Random), _world.Time, _key, mayMake: true));
    }

    private sealed class SeededEntropy(Random random) : IEntropy
    {
        public void Fill(Span<byte> bytes) => random.NextBytes(bytes);
    }
}
