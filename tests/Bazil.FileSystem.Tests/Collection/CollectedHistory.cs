using System.Text;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Collection;

/// <summary>
/// A random history of machines with stores of their own, which collect garbage while all goes on: programs that write, overwrite parts,
/// delete, keep files open, take snapshots; pulls, broken and whole; restarts and power cuts, also in the middle of a
/// collection. What any volume refers to must be in somebody's store, at any time.
/// </summary>
internal sealed class CollectedHistory(World world, Random random)
{
    private const int ChunkBytes = 128 * 1024;
    private static readonly string[] _names = ["a", "b", "c", "d"];
    private static readonly FileName[] _snapshots = [FileName.Parse("s1"), FileName.Parse("s2")];
    private readonly List<(Replica Replica, FuseHandle Handle)> _open = [];
    private readonly HashSet<Replica> _collecting = [];

    public long DeletedCount { get; private set; }

    public List<string> Trace { get; } = [];

    public async Task RunAsync(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            await StepAsync();
            if (step % 10 == 9) await CheckAsync();
        }

        foreach ((Replica replica, FuseHandle handle) in _open.ToList()) await CloseAsync(replica, handle);
        await CheckAsync();
    }

    /// <summary>Everything that anybody refers to, open files included, is somewhere.</summary>
    public async Task CheckAsync()
    {
        foreach (Replica replica in world.Replicas)
        {
            IReadOnlyList<HeldContent> held = await replica.Volume.ListHeldContentAsync(CancellationToken.None);
            using IMetadataSnapshot view = replica.Metadata.Snapshot();
            var all = new AnyObjects(world);
            await foreach (ReachableChunk chunk in new VolumeReachability(view, 1, held, new ConvergentChunkStore(world.SharingKey, all)).WalkAsync(CancellationToken.None))
            {
                bool isThere = chunk.Failure is null && await all.HasAsync(ObjectNaming.IdOf(world.SharingKey, chunk.Type, chunk.Level, chunk.Key), CancellationToken.None);
                Assert.True(isThere, $"{replica.Name} lost a chunk of {chunk.Origin.Describe()}\n  {string.Join("\n  ", Trace)}");
            }
        }
    }

    private async Task StepAsync()
    {
        Replica replica = world.Replicas[random.Next(world.Replicas.Count)];
        double dice = random.NextDouble();
        if (dice < .3) await PullAsync(replica);
        else if (dice < .45) await CollectAsync(replica);
        else if (dice < .47) await StopAsync(replica);
        else await ChangeAsync(replica);
    }

    private async Task PullAsync(Replica replica)
    {
        Replica other = world.Replicas[random.Next(world.Replicas.Count)];
        if (other == replica) return;
        int frames = random.Next(4) == 0 ? 1 + random.Next(3) : int.MaxValue;
        Trace.Add($"{replica.Name} pulls {other.Name}{(frames == int.MaxValue ? "" : $", {frames} frames")}");
        await replica.PullAndLoseAsync(other, frames);
    }

    /// <summary>Collects, with other steps between those of the collection; sometimes it is broken off, and power fails.</summary>
    private async Task CollectAsync(Replica replica)
    {
        if (!_collecting.Add(replica)) return;
        using var crash = new CancellationTokenSource();
        bool crashes = random.Next(8) == 0;
        int chance = 4 + random.Next(30);
        try
        {
            Trace.Add($"{replica.Name} begins to collect");
            GarbageReport report = await replica.CollectAsync(new BusyPace(MeanwhileAsync), crash.Token);

            // A member may have removed a snapshot that this machine was told of: it waits for the next pull then.
            Assert.All(report.Unreadable, static content => Assert.NotNull(content.Member));
            Trace.Add($"{replica.Name} collected: {report.Sweep.Fossilised.Objects} fossils, {report.Sweep.Deleted.Objects} deleted, {report.Sweep.Waiting.Objects} wait");
            DeletedCount += report.Sweep.Deleted.Objects;
        }
        catch (OperationCanceledException)
        {
            _open.RemoveAll(open => open.Replica == replica);
            replica.PowerCut(random);
            Trace.Add($"{replica.Name} loses power while it collects");
        }
        finally
        {
            _collecting.Remove(replica);
        }

        async Task MeanwhileAsync()
        {
            if (random.Next(chance) != 0) return;
            if (crashes && random.Next(3) == 0) await crash.CancelAsync();
            else await StepAsync();
        }
    }

    private async Task StopAsync(Replica replica)
    {
        if (_collecting.Contains(replica)) return;
        if (random.Next(2) == 0)
        {
            Trace.Add($"{replica.Name} restarts");
            foreach ((Replica _, FuseHandle handle) in _open.Where(open => open.Replica == replica).ToList()) await CloseAsync(replica, handle);
            await replica.RestartAsync();
            return;
        }

        Trace.Add($"{replica.Name} loses power");
        _open.RemoveAll(open => open.Replica == replica);
        replica.PowerCut(random);
    }

    private async Task ChangeAsync(Replica replica)
    {
        string name = _names[random.Next(_names.Length)];
        double dice = random.NextDouble();
        if (dice < .3) await WriteAsync(replica, name);
        else if (dice < .5) await PatchAsync(replica, name);
        else if (dice < .7 && replica.Exists(name)) Note(replica, $"unlinks {name}", replica.Unlink(name));
        else if (dice < .78 && replica.Exists(name)) Note(replica, $"renames {name}", replica.Rename(name, _names[random.Next(_names.Length)]));
        else if (dice < .84) await OpenAsync(replica, name);
        else if (dice < .88) await CopyAsync(replica, name);
        else if (dice < .93 && _open.FirstOrDefault(open => open.Replica == replica) is { Replica: not null } open) await CloseAsync(replica, open.Handle);
        else if (dice < .97) await SnapshotAsync(replica);
        else RemoveSnapshots(replica);
    }

    private async Task WriteAsync(Replica replica, string name)
    {
        string text = Text();
        Trace.Add($"{replica.Name} writes {name}: {Describe(text)}");
        await replica.WriteAsync(name, text);
    }

    /// <summary>Writes the second chunk only: the first one is taken over, here or not.</summary>
    private async Task PatchAsync(Replica replica, string name)
    {
        if (!replica.Exists(name)) return;
        FuseHandle handle = await replica.OpenForWritingAsync(name, truncate: false);
        await PatchAsync(replica, handle);
        await replica.CloseAsync(handle);
        Trace.Add($"{replica.Name} changed the end of {name}");
    }

    private async Task PatchAsync(Replica replica, FuseHandle handle)
    {
        byte[] tail = Encoding.UTF8.GetBytes(new string((char)('p' + random.Next(5)), 5000));
        Reply<int> written = await replica.Volume.WriteAsync(handle, ChunkBytes, tail, CancellationToken.None);
        Assert.Equal(tail.Length, written.Value);
    }

    private async Task OpenAsync(Replica replica, string name)
    {
        if (_open.Count > 3 || !replica.Exists(name)) return;
        FuseHandle handle = await replica.OpenForWritingAsync(name, truncate: false);
        _open.Add((replica, handle));
        Trace.Add($"{replica.Name} opens {name}");
        if (random.Next(2) == 0) await PatchAsync(replica, handle);
    }

    private async Task CloseAsync(Replica replica, FuseHandle handle)
    {
        if (random.Next(2) == 0) await PatchAsync(replica, handle);
        await replica.CloseAsync(handle);
        _open.Remove((replica, handle));
        Trace.Add($"{replica.Name} closes a file");
    }

    /// <summary>An instant copy into a file that stays open; the source, open or not, may be gone everywhere when it is closed.</summary>
    private async Task CopyAsync(Replica replica, string name)
    {
        (Replica, FuseHandle Handle) target = _open.FirstOrDefault(open => open.Replica == replica);
        if (target == default || !replica.Exists(name)) return;
        FuseHandle source = replica.Volume.Open(replica.Find(name), new FuseOpenMode(0)).Value;
        Reply<long> copied = await replica.Volume.CopyRangeAsync(new FileRange(default, source, 0), new FileRange(default, target.Handle, 0), long.MaxValue / 2, CancellationToken.None);
        await replica.CloseAsync(source);
        Note(replica, $"copies {name} into an open file", copied.Error);
    }

    private async Task SnapshotAsync(Replica replica) =>
        Note(replica, "takes a snapshot", await replica.Volume.TakeSnapshotAsync(_snapshots[random.Next(_snapshots.Length)], CancellationToken.None));

    private void RemoveSnapshots(Replica replica)
    {
        foreach (FileName snapshot in _snapshots) Note(replica, $"removes snapshot {snapshot}", replica.Volume.RemoveSnapshot(snapshot));
    }

    private void Note(Replica replica, string what, Errno error) => Trace.Add($"{replica.Name} {what}: {error}");

    /// <summary>One chunk or two, from a small alphabet, so that the same bytes come again.</summary>
    private string Text()
    {
        string tail = new((char)('p' + random.Next(5)), 5000);
        return random.Next(3) == 0 ? tail : new string((char)('a' + random.Next(3)), ChunkBytes) + tail;
    }

    private static string Describe(string text) => $"{text[0]}{(text.Length > ChunkBytes ? text[^1] : "")}";
}
