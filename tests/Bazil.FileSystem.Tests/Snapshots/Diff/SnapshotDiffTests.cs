using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Snapshots.Diff;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Snapshots.Diff;

public sealed class SnapshotDiffTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_kind_of_change_is_told()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        foreach (string path in (string[])["kept", "changed", "mode", "gone", "moved", "saved anew"]) await a.WriteAsync(path, path);
        a.MakeDirectory("d");
        await a.WriteAsync("d/inside", "1");
        a.MakeDirectory("gone dir");
        await a.WriteAsync("gone dir/f", "1");
        Snapshot before = await a.Volume.FreezeAsync(Cancel);

        await a.WriteAsync("changed", "other");
        a.Chmod("mode", 0x180);
        a.Unlink("gone");
        a.Rename("moved", "d/moved");
        a.Rename("d", "e");
        await a.WriteAsync("e/inside", "2");
        await a.WriteAsync("new", "saved anew");
        a.Rename("new", "saved anew");
        await a.WriteAsync("new", "text");
        a.Unlink("gone dir/f");
        a.RemoveDirectory("gone dir");
        a.MakeDirectory("new dir");
        await a.WriteAsync("new dir/f", "1");
        Snapshot after = await a.Volume.FreezeAsync(Cancel);
        Assert.Equal(
            [
                "Changed changed", "Renamed e < d", "Changed e/inside", "Renamed e/moved < moved", "Removed gone", "Removed gone dir", "Removed gone dir/f", "Attributes mode",
                "Added new", "Added new dir", "Added new dir/f", "Attributes saved anew",
            ],
            await DescribeAsync(before, after));
    }

    [Fact]
    public async Task Differences_beyond_the_bound_are_refused_wherever_they_are()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        Snapshot empty = await a.Volume.FreezeAsync(Cancel);
        a.MakeDirectory("d");
        for (int file = 0; file < 10; file++) await a.WriteAsync($"d/{file}", "x");
        Snapshot full = await a.Volume.FreezeAsync(Cancel);
        for (int file = 0; file < 10; file++) await a.WriteAsync($"d/{file}", "other");
        Snapshot changed = await a.Volume.FreezeAsync(Cancel);
        foreach ((Snapshot before, Snapshot after) in ((Snapshot, Snapshot)[])[(empty, full), (full, empty), (full, changed)])
        {
            Assert.NotEmpty(await SnapshotDiff.RunAsync(before, after, 20, Cancel));
            await Assert.ThrowsAsync<TooManyDifferencesException>(() => SnapshotDiff.RunAsync(before, after, 9, Cancel));
        }
    }

    [Fact]
    public async Task A_directory_that_moved_out_of_a_removed_one_into_a_new_one_was_renamed()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        a.MakeDirectory("old");
        a.MakeDirectory("old/d");
        await a.WriteAsync("old/d/f", "1");
        await a.WriteAsync("old/d/gone", "1");
        Snapshot before = await a.Volume.FreezeAsync(Cancel);
        a.MakeDirectory("new");
        a.Rename("old/d", "new/d");
        a.Unlink("new/d/gone");
        a.RemoveDirectory("old");
        Snapshot after = await a.Volume.FreezeAsync(Cancel);
        Assert.Equal(["Added new", "Renamed new/d < old/d", "Removed old", "Removed old/d/gone"], await DescribeAsync(before, after));
    }

    [Fact]
    public async Task Random_changes_are_told_in_full_and_once()
    {
        Seed seed = Seed.Take(502);
        Random random = seed.CreateRandom();
        for (int round = 0; round < 60; round++)
        {
            await using World world = await World.CreateAsync(1, random.Next());
            Replica a = world.Replicas[0];
            for (int step = 0; step < 60; step++) await RandomTree.ChangeAsync(a, random, step, hasLinks: false);
            Snapshot before = await a.Volume.FreezeAsync(Cancel);
            for (int step = random.Next(40); step > 0; step--) await RandomTree.ChangeAsync(a, random, 100 + step, hasLinks: false);
            Snapshot after = await a.Volume.FreezeAsync(Cancel);
            await MustLeadFromAsync(before, after, $"{seed}, round {round}");
            await MustLeadFromAsync(after, before, $"{seed}, round {round}, backwards");
        }
    }

    [Fact]
    public async Task Only_what_differs_is_read()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        for (int directory = 0; directory < 50; directory++)
        {
            a.MakeDirectory($"d{directory}");
            for (int file = 0; file < 20; file++) await a.WriteAsync($"d{directory}/f{file}", "1");
        }

        SnapshotKey before = (await a.Volume.FreezeAsync(Cancel)).Key;
        await a.WriteAsync("d7/f3", "2");
        SnapshotKey after = (await a.Volume.FreezeAsync(Cancel)).Key;
        var chunks = new CountingChunkStore(a.Keys.Chunks);
        var reader = new SnapshotReader(chunks);
        Assert.Single(await SnapshotDiff.RunAsync(await reader.OpenAsync(before, Cancel), await reader.OpenAsync(after, Cancel), Cancel));

        // Two snapshots, two roots, two directories.
        Assert.Equal(6, chunks.Gets);
    }

    [Fact]
    public async Task A_change_in_a_large_directory_is_found_without_reading_all_of_it()
    {
        await using World world = await World.CreateAsync(1);
        var chunks = new CountingChunkStore(world.Replicas[0].Keys.Chunks);
        SnapshotKey before = await WriteLargeAsync(chunks, 20_000, changed: -1), after = await WriteLargeAsync(chunks, 20_000, changed: 12_345);
        var reader = new SnapshotReader(chunks);
        SnapshotChange change = Assert.Single(await SnapshotDiff.RunAsync(await reader.OpenAsync(before, Cancel), await reader.OpenAsync(after, Cancel), Cancel));
        Assert.Equal("f12345", change.Path.ToString());
        Assert.True(chunks.Gets <= 10, $"{chunks.Gets} chunks were read");
    }

    private static async Task<string[]> DescribeAsync(Snapshot before, Snapshot after) =>
        [.. (await SnapshotDiff.RunAsync(before, after, Cancel)).Select(static change => $"{change.Kind} {change.Path}{(change.OldPath is { } old ? $" < {old}" : "")}")];

    /// <summary>Applied to the one tree, the changes give the other: nothing is missing, nothing is told that is not so.</summary>
    private static async Task MustLeadFromAsync(Snapshot before, Snapshot after, string context)
    {
        SortedDictionary<string, SnapshotEntry> old = await RandomTree.ReadAsync(before, Cancel), now = await RandomTree.ReadAsync(after, Cancel);
        IReadOnlyList<SnapshotChange> changes = await SnapshotDiff.RunAsync(before, after, Cancel);
        context += $"\n{string.Join('\n', changes)}";
        var removed = changes.Where(static change => change.Kind == SnapshotChangeKind.Removed).Select(static change => change.Path.ToString()).ToHashSet();
        Dictionary<string, SnapshotChange> told = changes.Where(static change => change.Kind != SnapshotChangeKind.Removed).ToDictionary(static change => change.Path.ToString());
        var oldNodes = old.Values.Select(static entry => entry.Node).ToHashSet();
        var origin = new Dictionary<string, string?> { [""] = "" };
        foreach ((string path, SnapshotEntry entry) in now)
        {
            SnapshotChange? change = told.GetValueOrDefault(path);
            string? parent = origin[RandomTree.ParentOf(path)];
            string? from = change switch
            {
                { Kind: SnapshotChangeKind.Added } => null,
                { Kind: SnapshotChangeKind.Renamed } => change.OldPath!.ToString(),
                _ => parent is null ? "?" : parent.Length == 0 ? entry.Name.ToString() : $"{parent}/{entry.Name}",
            };
            origin[path] = from;
            if (from is null)
            {
                Assert.False(oldNodes.Contains(entry.Node), $"{path} was there before: {context}");
                continue;
            }

            Assert.True(old.TryGetValue(from, out SnapshotEntry? was), $"{path} is not told of: {context}");
            Assert.True(was.Kind == entry.Kind, context);
            if (change?.Kind == SnapshotChangeKind.Renamed) Assert.True(was.Node == entry.Node, context);
            bool isContentSame = entry.IsDirectory || Equals(was.Content, entry.Content);
            Assert.True(isContentSame == !(change?.IsContentChanged ?? false), $"content of {path}: {context}");
            if (change is null) Assert.True(was.Attributes == entry.Attributes, $"attributes of {path}: {context}");
        }

        var used = origin.Values.OfType<string>().Where(static path => path.Length > 0).ToList();
        Assert.True(used.Count == used.Distinct().Count(), $"one thing is told of twice: {context}");
        Assert.Equal(old.Keys.Except(used), old.Keys.Where(removed.Contains));
        Assert.True(removed.IsSubsetOf(old.Keys), context);
        Assert.All(told.Keys, path => Assert.True(now.ContainsKey(path), context));
    }

    private static async Task<SnapshotKey> WriteLargeAsync(Bazil.Storage.Cas.IChunkStore chunks, int count, int changed)
    {
        var tree = new ModelTree();
        for (int file = 0; file < count; file++) tree.AddFile(tree.Root, FileName.Parse($"f{file:d5}"), ModelTree.Text(file == changed ? "after" : "before"));
        return await new SnapshotWriter(chunks).WriteAsync(tree, Cancel);
    }
}
