using System.Text;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Conflicts;

/// <summary>Conflicts of every kind are listed and can be settled; a decision reaches everybody, and two decisions lose nothing.</summary>
public sealed class ConflictTests
{
    [Theory]
    [InlineData("A", "x")]
    [InlineData("B", "y")]
    public async Task Either_content_can_be_kept(string writer, string text)
    {
        await using World world = await EditedAsync();
        (Replica a, Replica b) = world;
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        Assert.Equal((ConflictKind.Content, "d/f"), (conflict.Kind, PathOf(conflict)));
        Assert.Equal(a.Id, conflict.Values[0].Writer);
        Assert.Equal(b.Id, conflict.Values[1].Writer);
        ConflictValue keep = conflict.Values.Single(value => value.Writer == (writer == "A" ? a.Id : b.Id));
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleAsync(conflict, keep));
        await world.SettleAsync();
        Assert.Equal(text, await a.ReadAsync("d/f"));
        Assert.Equal(text, await b.ReadAsync("d/f"));
        Assert.Equal(0, b.Volume.CountConflicts());
        Assert.Equal(ConflictOutcome.Changed, await a.Volume.SettleAsync(conflict, keep));
    }

    [Fact]
    public async Task All_contents_can_be_kept_beside_each_other()
    {
        await using World world = await EditedAsync();
        (Replica a, Replica b) = world;
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleWithAllAsync(Assert.Single(a.Volume.ListConflicts())));
        await world.SettleAsync();
        Assert.Equal("x", await b.ReadAsync("d/f"));
        string beside = Assert.Single(b.Tree().Keys, path => path.Contains("conflict", StringComparison.Ordinal));
        Assert.StartsWith("/d/f (conflict B@", beside, StringComparison.Ordinal);
        Assert.Equal("y", await b.ReadAsync(beside[1..]));
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task Two_people_who_decide_differently_lose_nothing()
    {
        await using World world = await EditedAsync();
        (Replica a, Replica b) = world;
        Conflict here = Assert.Single(a.Volume.ListConflicts()), there = Assert.Single(b.Volume.ListConflicts());
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleAsync(here, here.Values[0]));
        Assert.Equal(ConflictOutcome.Done, await b.Volume.SettleAsync(there, there.Values[0]));
        await world.SettleAsync();
        Conflict again = Assert.Single(a.Volume.ListConflicts());
        Assert.Equal(["x", "y"], again.Values.Select(value => Encoding.UTF8.GetString(value.Content!.Bytes.Span)).Order());
    }

    [Fact]
    public async Task Merged_content_settles_it()
    {
        await using World world = await EditedAsync();
        (Replica a, Replica b) = world;
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        using var written = new MemoryStream();
        await a.Volume.ExportAsync(conflict.Values[1].Content!, written, CancellationToken.None);
        Assert.Equal("y", Encoding.UTF8.GetString(written.ToArray()));
        using var merged = new MemoryStream(Encoding.UTF8.GetBytes("x and y"));
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleWithContentAsync(conflict, merged, CancellationToken.None));
        await world.SettleAsync();
        Assert.Equal("x and y", await b.ReadAsync("d/f"));
        Assert.Equal(0, a.Volume.CountConflicts());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Merged_content_that_is_cut_off_changes_nothing(bool isOpen)
    {
        await using World world = await EditedAsync();
        (Replica a, Replica b) = world;
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        using var cancel = new CancellationTokenSource();
        using var merged = new CutOffStream(200_000, cancel);
        if (isOpen) merged.Wait = a.OpenForWritingAsync("d/f", truncate: false);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => a.Volume.SettleWithContentAsync(conflict, merged, cancel.Token));
        if (merged.Wait is { } open) await a.CloseAsync(await open);
        Assert.Equal("x", await a.ReadAsync("d/f"));
        Assert.Equal(["x", "y"], Assert.Single(a.Volume.ListConflicts()).Values.Select(value => Encoding.UTF8.GetString(value.Content!.Bytes.Span)).Order());
        await world.SettleAsync();
        Assert.Equal(["x", "y"], Assert.Single(b.Volume.ListConflicts()).Values.Select(value => Encoding.UTF8.GetString(value.Content!.Bytes.Span)).Order());
    }

    [Fact]
    public async Task Merged_content_larger_than_a_chunk_outlives_a_restart_and_reaches_the_peer()
    {
        await using World world = await EditedAsync();
        (Replica a, Replica b) = world;
        byte[] bytes = new byte[500_000];
        world.Random.NextBytes(bytes);
        using var merged = new MemoryStream(bytes);
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleWithContentAsync(Assert.Single(a.Volume.ListConflicts()), merged, CancellationToken.None));
        await a.Volume.SyncAsync(CancellationToken.None);
        await a.RestartAsync();
        await world.SettleAsync();
        using var back = new MemoryStream();
        await b.Volume.ExportAsync(StateReader.Records(b.Metadata).Single(record => record.ShownContent?.Value.SizeBytes == 500_000).ShownContent!.Value.Value, back, CancellationToken.None);
        Assert.Equal(bytes, back.ToArray());
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task Files_of_one_name_in_directories_that_are_shown_as_one_are_listed_at_any_depth()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        foreach ((Replica replica, string text) in new[] { (a, "x"), (b, "y") })
        {
            replica.MakeDirectory("d");
            replica.MakeDirectory("d/e");
            await replica.WriteAsync("d/f", text);
            await replica.WriteAsync("d/e/g", text);
            await replica.WriteAsync($"d/only {text}", text);
        }

        await world.SettleAsync();
        foreach (Replica replica in world.Replicas)
        {
            Assert.Equal(["d/e/g", "d/f"], replica.Volume.ListConflicts().Select(PathOf).Order());
            Assert.Equal(2, replica.Volume.CountConflicts());
            Assert.Equal(["f"], replica.Volume.ListConflicts(replica.Find("d")).Select(name => name.ToString()));
            Assert.Equal(["g"], replica.Volume.ListConflicts(replica.Find("d/e")).Select(name => name.ToString()));
        }

        foreach (Conflict conflict in a.Volume.ListConflicts().ToList()) Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleAsync(conflict, conflict.Newest));
        await world.SettleAsync();
        Assert.Empty(b.Volume.ListConflicts());
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task Contents_of_a_file_that_another_one_hides_are_all_readable_and_go_one_by_one()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = (world.Replicas[0], world.Replicas[1], world.Replicas[2]);
        await a.WriteAsync("f", "base");
        await b.PullAsync(a);
        await a.WriteAsync("f", "x");
        await b.WriteAsync("f", "y");

        // The newest version is in place: the third machine does much before it makes a file of that name.
        for (int i = 0; i < 20; i++) await c.WriteAsync("other", $"{i}");
        await c.WriteAsync("f", "z");
        await world.SettleAsync();
        foreach (Replica replica in world.Replicas)
        {
            Assert.Equal("z", await replica.ReadAsync("f"));
            Assert.Equal(["x", "y"], replica.Alternates("f"));
        }

        Assert.Equal(Errno.OK, a.DropAlternate("f", index: 1));
        await world.SettleAsync();
        Assert.Equal("x", Assert.Single(c.Alternates("f")));
        Assert.Equal(Errno.OK, a.DropAlternate("f"));
        await world.SettleAsync();
        Assert.Equal("z", await b.ReadAsync("f"));
        Assert.Empty(b.Alternates("f"));
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task A_file_that_is_being_written_is_not_replaced()
    {
        await using World world = await EditedAsync();
        (Replica a, _) = world;
        FuseHandle writer = await a.OpenForWritingAsync("d/f", truncate: false);
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        Assert.Equal(ConflictOutcome.InUse, await a.Volume.SettleAsync(conflict, conflict.Values[1]));
        using var merged = new MemoryStream();
        Assert.Equal(ConflictOutcome.InUse, await a.Volume.SettleWithContentAsync(conflict, merged, CancellationToken.None));
        await a.CloseAsync(writer);
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleAsync(conflict, conflict.Values[1]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Two_files_on_one_name_can_be_settled(int way)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("n.txt", "x");
        await b.WriteAsync("n.txt", "y");
        await world.SpreadAsync();
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        Assert.Equal((ConflictKind.Name, "n.txt", 2), (conflict.Kind, PathOf(conflict), conflict.Values.Count));
        string[] texts = [.. conflict.Values.Select(value => Encoding.UTF8.GetString(value.Content!.Bytes.Span))];
        Assert.Equal(ConflictOutcome.Done, way < 2 ? await a.Volume.SettleAsync(conflict, conflict.Values[way]) : await a.Volume.SettleWithAllAsync(conflict));
        await world.SettleAsync();
        Assert.Equal(0, b.Volume.CountConflicts());
        Assert.Equal(texts[way % 2], await b.ReadAsync("n.txt"));
        if (way < 2) Assert.Single(b.Tree());
        else Assert.Contains(b.Tree().Keys, path => path.StartsWith("/n (conflict ", StringComparison.Ordinal) && path.EndsWith(").txt", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_against_a_directory_can_be_settled()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("n");
        await a.WriteAsync("n/inside", "x");
        await b.WriteAsync("n", "y");
        await world.SpreadAsync();
        Conflict conflict = Assert.Single(b.Volume.ListConflicts());
        Assert.Equal(NodeKind.Directory, conflict.Values[0].NodeKind);
        Assert.Equal(ConflictOutcome.IsDirectory, await b.Volume.SettleAsync(conflict, conflict.Values[1]));
        Assert.Equal(ConflictOutcome.Done, await b.Volume.SettleWithAllAsync(conflict));
        await world.SettleAsync();
        Assert.Equal("x", await a.ReadAsync("n/inside"));
        Assert.Equal("y", await a.ReadAsync(Assert.Single(a.Tree().Keys, path => path.StartsWith("/n (", StringComparison.Ordinal))[1..]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Two_places_of_one_file_can_be_settled(int way)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        a.Rename("f", "left");
        b.Rename("f", "right");
        await world.SpreadAsync();
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        Assert.Equal(ConflictKind.Place, conflict.Kind);
        string[] places = [.. conflict.Values.Select(value => Encoding.UTF8.GetString(value.PlacePath!.Value.Span))];
        Assert.Equal(["left", "right"], places.Order());
        Assert.Equal(ConflictOutcome.Done, way < 2 ? await a.Volume.SettleAsync(conflict, conflict.Values[way]) : await a.Volume.SettleWithAllAsync(conflict));
        await world.SettleAsync();
        Assert.Equal(0, b.Volume.CountConflicts());
        Assert.Equal(way < 2 ? [$"/{places[way]}"] : ["/left", "/right"], b.Tree().Keys);
    }

    [Fact]
    public async Task A_directory_with_two_places_takes_one()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        await world.SpreadAsync();
        a.Rename("d", "left");
        b.Rename("d", "right");
        await world.SpreadAsync();
        Conflict conflict = Assert.Single(b.Volume.ListConflicts());
        Assert.Equal(ConflictOutcome.NotBoth, await b.Volume.SettleWithAllAsync(conflict));
        b.MakeDirectory(Encoding.UTF8.GetString(conflict.Values[1].PlacePath!.Value.Span));
        Assert.Equal(ConflictOutcome.PlaceTaken, await b.Volume.SettleAsync(conflict, conflict.Values[1]));
        Assert.Equal(ConflictOutcome.Done, await b.Volume.SettleAsync(conflict, conflict.Values[0]));
        await world.SettleAsync();
        Assert.Equal(0, a.Volume.CountConflicts());
    }

    [Fact]
    public async Task Two_sets_of_attributes_can_be_settled()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        a.Chmod("f", 0x180);
        b.Chmod("f", 0x1ED);
        await world.SpreadAsync();
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        Assert.Equal(ConflictKind.Attributes, conflict.Kind);
        Assert.Equal(ConflictOutcome.NotBoth, await a.Volume.SettleWithAllAsync(conflict));
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleAsync(conflict, conflict.Values[1]));
        await world.SettleAsync();
        Assert.Equal(0, b.Volume.CountConflicts());
        Assert.Equal(conflict.Values[1].Attributes!.Mode, b.Stat("f").Mode & 0xFFF);
    }

    [Fact]
    public async Task Making_both_sides_equal_settles_it()
    {
        await using World world = await EditedAsync();
        (Replica a, Replica b) = world;
        await a.WriteAsync("d/f", "y");
        await world.SettleAsync();
        Assert.Equal(0, a.Volume.CountConflicts());
        Assert.Equal("y", await b.ReadAsync("d/f"));
    }

    [Fact]
    public async Task What_waits_for_a_writer_is_listed_and_can_be_forced_keeping_both()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await a.WriteAsync("g", "x");
        await world.SpreadAsync();
        FuseHandle writer = await b.OpenForWritingAsync("f", truncate: false), idle = await b.OpenForWritingAsync("g", truncate: false);
        await b.WriteAsync(writer, "b");
        await a.WriteAsync("f", "a");
        await a.WriteAsync("g", "a");
        await b.PullAsync(a);
        PendingChange[] pending = [.. b.Volume.ListPending().OrderBy(change => Encoding.UTF8.GetString(change.Path.Span), StringComparer.Ordinal)];
        Assert.Equal([true, false], pending.Select(change => change.HasUnsaved));
        Assert.All(pending, change => Assert.False(change.IsDeletion));
        Assert.All(pending, change => Assert.NotNull(change.Since));
        Assert.True(await b.Volume.ForcePendingAsync([FileName.Parse("f")], CancellationToken.None));
        Assert.True(await b.Volume.ForcePendingAsync([FileName.Parse("g")], CancellationToken.None));
        Assert.False(await b.Volume.ForcePendingAsync([FileName.Parse("g")], CancellationToken.None));
        Assert.Equal(0, b.Volume.CountPending());
        Assert.Equal("b", await b.ReadAsync("f"));
        Assert.Equal(["a"], b.Alternates("f"));
        Assert.Equal("a", await b.ReadAsync("g"));
        await b.CloseAsync(writer);
        await b.CloseAsync(idle);
        await world.SettleAsync();
        Assert.Equal(1, a.Volume.CountConflicts());
    }

    [Fact]
    public async Task A_deletion_that_waits_for_a_writer_can_be_forced()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        FuseHandle writer = await b.OpenForWritingAsync("f", truncate: false);
        a.Unlink("f");
        await b.PullAsync(a);
        Assert.True(Assert.Single(b.Volume.ListPending()).IsDeletion);
        Assert.True(await b.Volume.ForcePendingAsync([FileName.Parse("f")], CancellationToken.None));
        Assert.False(b.Exists("f"));
        await b.CloseAsync(writer);
        await world.SettleAsync();
        Assert.Empty(a.Tree());
    }

    private static async Task<World> EditedAsync()
    {
        World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", "base");
        await world.SpreadAsync();
        await a.WriteAsync("d/f", "x");
        await b.WriteAsync("d/f", "y");
        await world.SpreadAsync();
        return world;
    }

    private static string PathOf(Conflict conflict) => Encoding.UTF8.GetString(conflict.Path.Span);
}
