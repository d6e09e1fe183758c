using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.FileSystem.Trash;
using Bazil.Storage.Collection;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Trash;

/// <summary>What peers delete and overwrite can be brought back for a while.</summary>
public sealed class TrashTests
{
    [Fact]
    public async Task A_deleted_file_comes_back_with_its_attributes_for_everyone()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", "x");
        a.Chmod("d/f", 0x180);
        await world.SpreadAsync();
        a.Unlink("d/f");
        await world.SpreadAsync();
        TrashEntry entry = Assert.Single(b.Volume.ListTrash());
        Assert.Equal(("d/f", TrashKind.Deleted, a.Id), (entry.PathText, entry.Kind, entry.Peer));
        Assert.Empty(a.Volume.ListTrash());
        Assert.Equal(TrashRestoreResult.Done, await RestoreAsync(b, entry));
        Assert.Empty(b.Volume.ListTrash());
        Assert.Equal(new TrashTotals(0, 0), b.Volume.TrashTotals);
        await world.SettleAsync();
        Assert.Equal("x", await a.ReadAsync("d/f"));
        Assert.Equal(0x8180u, a.Stat("d/f").Mode);
    }

    [Fact]
    public async Task A_tree_comes_back_under_another_name_too()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        a.MakeDirectory("d/e");
        a.Chmod("d/e", 0x1C0);
        await a.WriteAsync("d/e/f", "x");
        a.MakeSymlink("d/s", "e/f");
        await world.SpreadAsync();
        a.Unlink("d/e/f");
        a.Unlink("d/s");
        a.RemoveDirectory("d/e");
        a.RemoveDirectory("d");
        await world.SpreadAsync();
        Assert.Empty(b.Tree());
        Assert.Equal(["d", "d/e", "d/e/f", "d/s"], b.Volume.ListTrash().Select(entry => entry.PathText).Order(StringComparer.Ordinal));
        foreach (TrashEntry entry in b.Volume.ListTrash().OrderBy(entry => entry.PathText, StringComparer.Ordinal).ToList())
        {
            Assert.Equal(TrashRestoreResult.Done, await b.Volume.RestoreTrashAsync(entry.Id, Names($"back/{entry.PathText}"), CancellationToken.None));
        }

        await world.SettleAsync();
        Assert.Equal("x", await a.ReadAsync("back/d/e/f"));
        Assert.Equal(0x41C0u, a.Stat("back/d/e").Mode);
        Assert.True(a.Exists("back/d/s"));
    }

    [Fact]
    public async Task An_overwritten_file_gets_its_content_back_and_the_other_goes_into_the_trash()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "old");
        await world.SpreadAsync();
        await a.WriteAsync("f", "new");
        await world.SpreadAsync();
        TrashEntry entry = Assert.Single(b.Volume.ListTrash());
        Assert.Equal(TrashKind.Overwritten, entry.Kind);
        Assert.Equal(TrashRestoreResult.Done, await RestoreAsync(b, entry));
        await world.SettleAsync();
        Assert.Equal("old", await a.ReadAsync("f"));
        Assert.Equal("new", Encoding.UTF8.GetString(Assert.Single(b.Volume.ListTrash()).Content!.Bytes.Span));
    }

    [Fact]
    public async Task The_first_write_to_a_file_that_was_seen_empty_overwrites_nothing()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "");
        await world.SpreadAsync();
        Assert.True(b.Exists("f"));
        await a.WriteAsync("f", "new");
        await world.SpreadAsync();
        Assert.Equal("new", await b.ReadAsync("f"));
        Assert.Empty(b.Volume.ListTrash());
    }

    [Fact]
    public async Task Local_changes_do_not_go_into_the_trash()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "old");
        await a.WriteAsync("f", "new");
        a.Unlink("f");
        Assert.Empty(a.Volume.ListTrash());
        await b.PullAsync(a);
        Assert.Empty(b.Volume.ListTrash());
    }

    [Fact]
    public async Task Its_name_being_taken_and_nonsense_are_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        a.Unlink("f");
        await world.SpreadAsync();
        TrashEntry entry = Assert.Single(b.Volume.ListTrash());
        await b.WriteAsync("f", "another");
        Assert.Equal(TrashRestoreResult.TargetExists, await RestoreAsync(b, entry));
        Assert.Equal(TrashRestoreResult.NoParent, await b.Volume.RestoreTrashAsync(entry.Id, Names("f/g"), CancellationToken.None));
        Assert.Equal(TrashRestoreResult.BadName, await b.Volume.RestoreTrashAsync(entry.Id, Names(".snap/g"), CancellationToken.None));
        Assert.Equal(TrashRestoreResult.BadName, await b.Volume.RestoreTrashAsync(entry.Id, [], CancellationToken.None));
        Assert.Equal(TrashRestoreResult.NotInTrash, await b.Volume.RestoreTrashAsync(entry.Id + 1, Names("g"), CancellationToken.None));
        Assert.Equal(TrashRestoreResult.Done, await b.Volume.RestoreTrashAsync(entry.Id, Names("g"), CancellationToken.None));
        await world.SettleAsync();
        Assert.Equal("x", await a.ReadAsync("g"));
    }

    [Fact]
    public async Task It_goes_after_its_time_and_can_be_switched_off()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        foreach (string name in new[] { "f", "g", "h" }) await a.WriteAsync(name, "x");
        await world.SpreadAsync();
        a.Unlink("f");
        await world.SpreadAsync();
        world.Clock.Advance(TimeSpan.FromDays(20));
        a.Unlink("g");
        await world.SpreadAsync();
        world.Clock.Advance(TimeSpan.FromDays(11));
        Assert.Equal(1, b.Volume.ExpireTrash());
        Assert.Equal("g", Assert.Single(b.Volume.ListTrash()).PathText);
        await b.RestartAsync();
        Assert.Equal(1, b.Volume.TrashTotals.Entries);
        Assert.Equal(1, b.Volume.EmptyTrash([.. b.Volume.ListTrash().Select(entry => entry.Id), 5]));
        world.Policy = VolumePolicy.Default with { TrashDays = 0 };
        a.Unlink("h");
        await world.SpreadAsync();
        Assert.Empty(b.Volume.ListTrash());
    }

    [Fact]
    public async Task It_keeps_content_from_being_collected_until_it_goes()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        string text = new('x', Limits.InlineBytesMax + 1);
        await a.WriteAsync("f", text);
        await world.SpreadAsync();
        await b.ReadAsync("f");
        a.Unlink("f");
        await world.SpreadAsync();
        for (int round = 0; round < 3; round++) await CollectAsync(world);
        Assert.Equal(0, a.OwnObjects.Count);
        Assert.NotEqual(0, b.OwnObjects.Count);
        Assert.Equal(TrashRestoreResult.Done, await RestoreAsync(b, Assert.Single(b.Volume.ListTrash())));
        await world.SettleAsync();
        Assert.Equal(text, await a.ReadAsync("f"));

        a.Unlink("f");
        await world.SpreadAsync();
        b.Volume.EmptyTrash([.. b.Volume.ListTrash().Select(entry => entry.Id)]);
        for (int round = 0; round < 3; round++) await CollectAsync(world);
        Assert.Equal(0, b.OwnObjects.Count);
    }

    [Fact]
    public async Task What_nobody_has_any_more_is_not_restored()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", new string('x', Limits.InlineBytesMax + 1));
        await world.SpreadAsync();
        a.Unlink("f");
        await world.SpreadAsync();
        for (int round = 0; round < 3; round++) await CollectAsync(world);
        await Assert.ThrowsAnyAsync<IOException>(() => RestoreAsync(b, b.Volume.ListTrash().Single()));
        Assert.False(b.Exists("f"));
        Assert.Single(b.Volume.ListTrash());
    }

    [Fact]
    public void Rows_survive_a_round_trip_and_no_cut()
    {
        var entry = new TrashEntry(
            7, new UnixTime(1, 2), new PeerId(Enumerable.Repeat((byte)3, 32).ToArray()), TrashKind.Deleted, new NodeId(new Bazil.Core.Version(5, new ReplicaId(9))), NodeKind.File, new byte[] { 0xFF, (byte)'/', (byte)'\n' },
            ContentValue.Inline([1, 2, 3], new UnixTime(3, 4)), new AttributeValue(0x1A4, 1, 2, new UnixTime(5, 6), ExtendedAttributes.None));
        byte[] row = entry.Encode();
        TrashEntry read = TrashEntry.Decode(7, row);
        Assert.Equal(row, read.Encode());
        Assert.Equal(2, read.Names().Length);
        for (int length = 0; length < row.Length; length++) Assert.Throws<WireFormatException>(() => TrashEntry.Decode(7, row.AsSpan(0, length)));
    }

    private static async Task CollectAsync(World world)
    {
        foreach (Replica replica in world.Replicas) await replica.CollectAsync(Pace.Full, CancellationToken.None);
        await world.SpreadAsync();
    }

    private static Task<TrashRestoreResult> RestoreAsync(Replica replica, TrashEntry entry) => replica.Volume.RestoreTrashAsync(entry.Id, entry.Names(), CancellationToken.None);

    private static FileName[] Names(string path) => [.. path.Split('/').Select(FileName.Parse)];
}
