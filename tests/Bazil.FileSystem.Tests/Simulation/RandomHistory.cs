using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Trash;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>
/// A random history on several replicas from one seed: local changes, pulls, interrupted pulls, power cuts, restarts,
/// rollbacks to backups, members removed and added. The mix is that of the executable model of the sync design.
/// </summary>
internal sealed class RandomHistory(World world, Random random)
{
    private static readonly string[] Names = ["a", "b", "c"];
    private readonly Dictionary<string, MemoryMetadataStore> _backups = [];

    // Each history has a character of its own, or rare meetings of rules would never come about.
    private readonly int _chaos = new[] { 0, 0, 1, 1, 4 }[random.Next(5)];
    private readonly double _localShare = new[] { .5, .7, .9 }[random.Next(3)];
    private readonly bool _movesDirectories = random.Next(2) == 0;
    private readonly bool _rotates = random.Next(3) == 0;
    private readonly bool _brakes = random.Next(3) == 0;

    public async Task RunAsync(int steps)
    {
        if (_brakes) world.Policy = new VolumePolicy(random.Next(3) / 4.0, random.Next(3), 30);
        for (int step = 0; step < steps; step++)
        {
            double dice = .5 + (Math.Pow(random.NextDouble(), 1.0 / Math.Max(1, _chaos)) / 2);
            Replica replica = world.Replicas[random.Next(world.Replicas.Count)];
            Replica other = world.Replicas[random.Next(world.Replicas.Count)];
            if (_rotates && random.Next(8) == 0) await RotateAsync(replica);
            else if (random.Next(_brakes ? 8 : 40) == 0) await DecideAsync(replica);
            else if (random.NextDouble() < _localShare) await ChangeAsync(replica);
            else if (other == replica) continue;
            else await DisturbAsync(dice, replica, other);
            if (step % 4 == 0) await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        }

        // From now on nothing waits for anybody: all must come to show the same.
        world.Policy = new VolumePolicy(1, 0, 30);
        foreach (Replica replica in world.Replicas) await DecideAsync(replica);
        foreach (Replica replica in world.Replicas)
        {
            foreach (Replica member in world.Replicas) replica.Volume.AddMember(member.Id);
        }
    }

    private async Task DisturbAsync(double dice, Replica replica, Replica other)
    {
        if (dice < .7) await PullAsync(replica, other, int.MaxValue);
        else if (dice < .9) await PullAsync(replica, other, 1 + random.Next(4));
        else if (dice < .92) await replica.Volume.SyncAsync(CancellationToken.None);
        else if (dice < .94) replica.PowerCut(random);
        else if (_chaos == 0) await replica.RestartAsync();
        else if (dice < .955) _backups.TryAdd(replica.Name, replica.Backup());
        else if (dice < .97)
        {
            if (_backups.Remove(replica.Name, out MemoryMetadataStore? backup)) replica.Restore(backup);
        }
        else if (dice < .985)
        {
            if (replica.Volume.Members().Count > 1) replica.Volume.RemoveMember(other.Id);
        }
        else
        {
            foreach (Replica member in world.Replicas) replica.Volume.AddMember(member.Id);
        }
    }

    private async Task DecideAsync(Replica replica)
    {
        TrashEntry[] trash = [.. replica.Volume.ListTrash()];
        if (trash.Length > 0 && random.Next(2) == 0) Restore(replica, trash[random.Next(trash.Length)]);
        Conflict[] conflicts = [.. replica.Volume.ListConflicts()];
        Assert.Equal(conflicts.Length, replica.Volume.CountConflicts());
        if (conflicts.Length > 0 && random.Next(2) == 0)
        {
            Conflict conflict = conflicts[random.Next(conflicts.Length)];
            if (random.Next(3) == 0) await replica.Volume.SettleWithAllAsync(conflict);
            else await replica.Volume.SettleAsync(conflict, conflict.Values[random.Next(conflict.Values.Count)]);
        }

        if (random.Next(2) == 0) await replica.Volume.AcceptDeletionsAsync(CancellationToken.None);
        else await replica.Volume.RejectDeletionsAsync(CancellationToken.None);
    }

    private static void Restore(Replica replica, TrashEntry entry) =>
        Assert.NotEqual(TrashRestoreResult.NotInTrash, replica.Volume.RestoreTrash(entry.Id, entry.Names(), []));

    private async Task RotateAsync(Replica replica)
    {
        int dice = random.Next(10);
        if (dice < 4) replica.AddKey(world.Keys[random.Next(world.Keys.Count)]);
        else if (dice < 8) await replica.ResealAsync();
        else if (replica.Keys.Holds(replica.Keys.Newest.Key)) replica.Rotate();
    }

    private static async Task PullAsync(Replica to, Replica from, int frames)
    {
        try
        {
            await to.PullAndLoseAsync(from, frames);
        }
        catch (IOException)
        {
            // A removed member is refused.
        }
    }

    private async Task ChangeAsync(Replica replica)
    {
        List<string> directories = ["", .. Paths(replica, isDirectory: true)], files = Paths(replica, isDirectory: false);
        string directory = directories[random.Next(directories.Count)];
        string path = $"{directory}/{Names[random.Next(3)]}".TrimStart('/');
        string? file = files.Count > 0 ? files[random.Next(files.Count)] : null;
        bool isFree = !replica.Exists(path);
        double dice = _movesDirectories && random.Next(2) == 0 ? (random.Next(3) == 0 ? .25 : .8) : random.NextDouble();
        if (dice < .2 && isFree) await replica.WriteAsync(path, Text("xyz"));
        else if (dice < .3 && isFree && directory.Count(c => c == '/') < 3) replica.MakeDirectory(path);
        else if (dice < .4 && file is not null) await replica.WriteAsync(file, Text("xyzuvw"));
        else if (dice < .5 && file is not null) await PatchAsync(replica, file);
        else if (dice < .62 && file is not null) Expect(replica.Unlink(file), Errno.OK);
        else if (dice < .68 && directory.Length > 0) Expect(replica.RemoveDirectory(directory), Errno.OK, Errno.ENOTEMPTY);
        else if (dice < .74 && file is not null && isFree) Expect(replica.Rename(file, path), Errno.OK);
        else if (dice < .78 && files.Count > 1) Expect(replica.Rename(file!, files[random.Next(files.Count)]), Errno.OK);
        else if (dice < .87 && directories.Count > 1 && isFree) Expect(replica.Rename(directories[1 + random.Next(directories.Count - 1)], path), Errno.OK, Errno.EINVAL);
        else if (dice < .91 && file is not null && isFree) Expect(replica.Link(file, path), Errno.OK);
        else if (dice < .94 && file is not null) Expect(random.Next(2) == 0 ? replica.Chmod(file, (uint)random.Next(8)) : replica.Grant(file, (byte)random.Next(8)), Errno.OK);
        else Settle(replica, files);
    }

    /// <summary>Small synced changes, which are published later.</summary>
    private async Task PatchAsync(Replica replica, string file)
    {
        FuseHandle handle = await replica.OpenForWritingAsync(file, truncate: false);
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            await replica.WriteAsync(handle, random.Next(3) * 3000, Text("pqr"));
            if (random.Next(3) > 0) await replica.FsyncAsync(handle);
        }

        await replica.CloseAsync(handle);
        if (random.Next(2) == 0) await replica.Volume.SettlePatchesAsync(CancellationToken.None);
    }

    private void Settle(Replica replica, List<string> files)
    {
        List<string> conflicted = [.. files.Where(file => replica.Alternates(file).Count > 0)];
        if (conflicted.Count == 0) return;
        string path = conflicted[random.Next(conflicted.Count)];
        Expect(replica.DropAlternate(path, random.Next(replica.Alternates(path).Count)), Errno.OK);
    }

    private static void Expect(Errno error, params Errno[] allowed) => Assert.Contains(error, allowed);

    /// <summary>Most contents lie in the record, some in the store.</summary>
    private string Text(string alphabet) => new(alphabet[random.Next(alphabet.Length)], random.Next(4) == 0 ? Limits.InlineBytesMax + 1 : 1);

    private static List<string> Paths(Replica replica, bool isDirectory) =>
        [.. replica.Tree().Where(entry => entry.Value.StartsWith("directories []", StringComparison.Ordinal) != isDirectory).Select(entry => entry.Key.TrimStart('/'))];
}
