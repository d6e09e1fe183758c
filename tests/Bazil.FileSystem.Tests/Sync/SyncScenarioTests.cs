using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>The named scenarios of the sync design: the five traps that simpler designs fall into, and the cases behind its rules.</summary>
public sealed partial class SyncScenarioTests
{
    [Fact]
    public async Task Trap_an_item_postponed_here_and_pulled_onward_by_a_third_makes_no_conflict()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        FuseHandle writer = await b.OpenForWritingAsync("f", truncate: false);
        await a.WriteAsync("f", "y");
        PullResult pulled = await b.PullAsync(a);
        Assert.Equal(1, pulled.Postponed);
        Assert.Equal("x", await b.ReadAsync("f"));
        await c.PullAsync(b);
        Assert.Equal("y", await c.ReadAsync("f"));
        await c.WriteAsync("f", "z");
        await b.CloseAsync(writer);
        Assert.Equal("y", await b.ReadAsync("f"));
        await world.SettleAsync();
        Assert.All(world.Replicas, replica => Assert.Empty(replica.Alternates("f")));
        Assert.Equal("z", await b.ReadAsync("f"));
    }

    [Fact]
    public async Task Trap_a_pull_interrupted_then_the_file_deleted_then_the_pull_repeated_does_not_resurrect_it()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await a.WriteAsync("g", "y");
        await b.PullAndLoseAsync(a, 3);
        Assert.True(b.Exists("f"));
        await c.PullAsync(a);
        Assert.Equal(Errno.OK, a.Unlink("f"));
        await b.PullAndLoseAsync(c, 3);
        await b.PullAsync(a);
        await b.PullAsync(c);
        await c.PullAsync(b);
        Assert.False(b.Exists("f"));
        await world.SettleAsync();
        Assert.All(world.Replicas, replica => Assert.False(replica.Exists("f")));
        Assert.Equal("y", await c.ReadAsync("g"));
    }

    [Fact]
    public async Task Trap_equal_edits_on_two_sides_then_a_delete_by_a_third_lose_no_edit()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        await a.WriteAsync("f", "y");
        await b.WriteAsync("f", "y");
        await c.PullAsync(a);
        c.Unlink("f");
        await world.SettleAsync();
        Assert.Equal("y", await a.ReadAsync("f"));
        a.Unlink("f");
        await world.SettleAsync();
        Assert.False(b.Exists("f"));
    }

    [Fact]
    public async Task Trap_saving_a_file_in_conflict_keeps_the_other_side()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        await a.WriteAsync("f", "y");
        await b.WriteAsync("f", "z");
        await world.SpreadAsync();
        Assert.Equal("y", await a.ReadAsync("f"));
        Assert.Equal("z", await b.ReadAsync("f"));
        Assert.Equal(["z"], a.Alternates("f"));
        await a.WriteAsync("f", "u");
        await world.SpreadAsync();
        Assert.Equal(["z"], a.Alternates("f"));
        Assert.Equal(["u"], b.Alternates("f"));

        // An editor's atomic save.
        await a.WriteAsync("f.new", "w");
        Assert.Equal(Errno.OK, a.Rename("f.new", "f"));
        await world.SettleAsync();
        Assert.Contains("z", new[] { await b.ReadAsync("f") }.Concat(b.Alternates("f")));
        Assert.Contains("w", new[] { await b.ReadAsync("f") }.Concat(b.Alternates("f")));
    }

    [Fact]
    public async Task Trap_a_power_cut_right_after_serving_a_change_does_not_fork_history()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await b.PullAsync(a);
        await a.WriteAsync("f", "y");
        await b.PullAsync(a);
        a.PowerCut(world.Random);
        Assert.Equal("y", await a.ReadAsync("f"));
        await a.WriteAsync("f", "z");
        a.PowerCut(new Random(0));
        await a.WriteAsync("f", "u");
        await world.SettleAsync();
        Assert.Equal("u", await b.ReadAsync("f"));
        Assert.Empty(b.Alternates("f"));
    }

    [Fact]
    public async Task Conflicts_of_every_kind_count_until_they_are_settled()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        await a.WriteAsync("f", "x");
        await a.WriteAsync("g", "x");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, a.Rename("d", "d1"));
        Assert.Equal(Errno.OK, b.Rename("d", "d2"));
        Assert.Equal(Errno.OK, a.Chmod("g", 0x180));
        Assert.Equal(Errno.OK, b.Chmod("g", 0x1A0));
        await world.SpreadAsync();
        Assert.Equal(2, a.Volume.CountConflicts());
        Assert.Equal(2, b.Volume.CountConflicts());

        await a.WriteAsync("f", "y");
        await b.WriteAsync("f", "z");
        await a.WriteAsync("new", "y");
        await b.WriteAsync("new", "z");
        await world.SpreadAsync();
        Assert.Equal(4, a.Volume.CountConflicts());
        Assert.Equal(4, b.Volume.CountConflicts());
        Assert.Equal(Errno.OK, a.DropAlternate("f"));
        Assert.Equal(Errno.OK, a.DropAlternate("new"));
        Assert.Equal(2, a.Volume.CountConflicts());
        foreach (Conflict conflict in a.Volume.ListConflicts().ToList()) Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleAsync(conflict, conflict.Values[0]));
        await world.SpreadAsync();
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task Two_people_who_resolve_differently_lose_neither_side()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        await a.WriteAsync("f", "y");
        await b.WriteAsync("f", "z");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, a.DropAlternate("f"));
        Assert.Equal(Errno.OK, b.DropAlternate("f"));
        await world.SettleAsync();
        Assert.Equal("y", await a.ReadAsync("f"));
        Assert.Equal(["z"], a.Alternates("f"));
    }

    [Fact]
    public async Task A_resolution_reaches_everyone_and_does_not_conflict_with_itself()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        await a.WriteAsync("f", "y");
        await b.WriteAsync("f", "z");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, a.DropAlternate("f"));
        await world.SettleAsync();
        Assert.All(world.Replicas, replica => Assert.Empty(replica.Alternates("f")));
        Assert.Equal("y", await b.ReadAsync("f"));
        Assert.Equal("y", await c.ReadAsync("f"));
        Assert.Equal(0, c.Volume.CountConflicts());
    }

    [Fact]
    public async Task An_edit_beats_a_delete_for_good_and_keeps_its_directory()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", "x");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, a.Unlink("d/f"));
        Assert.Equal(Errno.OK, a.RemoveDirectory("d"));
        await b.WriteAsync("d/f", "y");
        c.Chmod("d/f", 0x180);
        await world.SettleAsync();
        Assert.All(world.Replicas, replica => Assert.True(replica.Exists("d/f")));
    }

    [Fact]
    public async Task A_replica_restored_from_a_backup_that_serves_a_third_first_forks_nothing()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await b.WriteAsync("f", "x");
        await world.SpreadAsync();
        MemoryMetadataStore backup = b.Backup();
        await b.WriteAsync("f", "y");
        await a.PullAsync(b);
        b.Restore(backup);
        await b.WriteAsync("g", "z");
        await c.PullAsync(b);
        await world.SettleAsync();
        Assert.Equal("y", await c.ReadAsync("f"));
        Assert.True(a.Exists("g"));
    }

    [Fact]
    public async Task What_was_purged_and_is_edited_in_an_old_backup_comes_back_where_it_was()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, _, Replica c) = world;
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", "x");
        await world.SpreadAsync();
        MemoryMetadataStore backup = c.Backup();
        a.Rename("d/f", "g");
        a.Unlink("g");
        a.RemoveDirectory("d");
        await world.SpreadAsync();
        await world.SpreadAsync();
        Assert.Empty(a.Tree());
        c.Restore(backup);
        await c.WriteAsync("d/f", "y");
        await a.PullAsync(c);
        await world.SettleAsync();
        Assert.Equal("y", await a.ReadAsync("d/f"));
    }

    [Fact]
    public async Task A_pull_from_a_history_that_was_lost_is_adopted_and_can_be_deleted()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await b.WriteAsync("f", "x");
        await world.SpreadAsync();
        MemoryMetadataStore backup = b.Backup();
        await b.WriteAsync("f", "y");
        await b.WriteAsync("g", "z");
        await a.PullAndLoseAsync(b, 3);
        Assert.Equal("y", await a.ReadAsync("f"));
        b.Restore(backup);
        await b.WriteAsync("h", "w");
        await world.SettleAsync();
        Assert.Equal("y", await b.ReadAsync("f"));
        a.Unlink("f");
        await world.SettleAsync();
        Assert.False(c.Exists("f"));
    }

    [Fact]
    public async Task Equal_files_made_on_two_sides_are_one_file_and_saving_it_leaves_one()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await b.WriteAsync("f", "x");
        await world.SpreadAsync();
        Assert.Empty(a.Alternates("f"));
        await a.WriteAsync("f", "y");
        await world.SettleAsync();
        Assert.Empty(b.Alternates("f"));
        Assert.Equal("y", await b.ReadAsync("f"));
    }

    [Fact]
    public async Task Directories_made_on_two_sides_unite()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        a.MakeDirectory("d/e");
        await a.WriteAsync("d/e/from-a", "x");
        b.MakeDirectory("d");
        b.MakeDirectory("d/e");
        await b.WriteAsync("d/e/from-b", "y");
        await world.SettleAsync();
        Assert.Equal("x", await b.ReadAsync("d/e/from-a"));
        Assert.Equal("y", await a.ReadAsync("d/e/from-b"));
        Assert.Equal(Errno.ENOTEMPTY, a.RemoveDirectory("d/e"));
        a.Unlink("d/e/from-a");
        a.Unlink("d/e/from-b");
        Assert.Equal(Errno.OK, a.RemoveDirectory("d/e"));
        Assert.Equal(Errno.OK, a.Rename("d", "renamed"));
        await world.SettleAsync();
        Assert.Equal(["/renamed"], b.Tree().Keys);
    }

    [Fact]
    public async Task Directories_moved_into_each_other_are_shown_without_a_cycle()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        a.MakeDirectory("e");
        await a.WriteAsync("d/f", "x");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, a.Rename("d", "e/d"));
        Assert.Equal(Errno.OK, b.Rename("e", "d/e"));
        await world.SettleAsync();
        Assert.Equal(3, a.Tree().Count);
        Assert.Contains(a.Tree().Keys, path => path.EndsWith("d/f", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Removing_and_making_a_file_again_is_no_conflict()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        a.Unlink("f");
        await a.WriteAsync("f", "y");
        await world.SettleAsync();
        Assert.Equal("y", await b.ReadAsync("f"));
        Assert.Empty(b.Alternates("f"));
    }

    [Fact]
    public async Task A_file_that_exists_only_at_the_puller_stays()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await b.WriteAsync("g", "y");
        await b.PullAsync(a);
        Assert.Equal("y", await b.ReadAsync("g"));
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task A_file_against_a_directory_on_one_name_keeps_both()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("n", "x");
        b.MakeDirectory("n");
        await b.WriteAsync("n/f", "y");
        await world.SettleAsync();
        Assert.Equal("y", await a.ReadAsync("n/f"));
        Assert.Equal(["x"], a.Alternates("n"));
    }

    [Fact]
    public async Task Hard_links_symlinks_modes_and_times_arrive()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        Assert.Equal(Errno.OK, a.Link("f", "g"));
        a.MakeSymlink("s", "f");
        a.Chmod("f", 0x1C0);
        await b.PullAsync(a);
        Assert.Equal(b.Find("f"), b.Find("g"));
        Assert.Equal(2u, b.Stat("f").LinkCount);
        Assert.Equal(0x81C0u, b.Stat("f").Mode);
        Assert.Equal(a.Stat("f").ModificationTime, b.Stat("f").ModificationTime);
        Assert.Equal("f"u8.ToArray(), b.Volume.ReadLink(b.Find("s")).Value.ToArray());
    }

    [Fact]
    public async Task Tombstones_go_when_every_member_knows()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, _, _) = world;
        a.MakeDirectory("d");
        for (int index = 0; index < 20; index++) await a.WriteAsync($"d/{index}", "x");
        await world.SpreadAsync();
        for (int index = 0; index < 20; index++) a.Unlink($"d/{index}");
        a.RemoveDirectory("d");
        await world.SettleAsync();
        Assert.All(world.Replicas, replica => Assert.Equal(2, StateReader.Records(replica.Metadata).Count));
    }

    [Fact]
    public async Task A_peer_that_is_not_a_member_is_refused_in_both_directions()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        a.Volume.RemoveMember(b.Id);
        SyncException refused = await Assert.ThrowsAsync<SyncException>(() => b.PullAsync(a));
        Assert.Contains("members", refused.Message);
        await Assert.ThrowsAsync<SyncException>(() => a.PullAsync(b));
        Assert.False(b.Exists("f"));
    }

    [Fact]
    public async Task A_machine_rolled_back_while_running_goes_on_under_a_new_replica_id()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await a.WriteAsync("g", "y");
        await b.PullAsync(a);
        ReplicaId id = NewestReplica(a);
        await a.WriteAsync("g", "z");
        Assert.Equal(id, NewestReplica(a));
        await a.RestartAsync();
        await a.WriteAsync("g", "w");
        Assert.NotEqual(id, NewestReplica(a));
        await world.SettleAsync();
    }

    [Fact]
    public async Task A_file_deleted_by_a_peer_while_it_is_being_written_here_comes_back_with_what_was_written()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        a.Chmod("f", 0x180);
        await world.SpreadAsync();
        FuseHandle writer = await b.OpenForWritingAsync("f", truncate: false);
        InodeId inode = b.Find("f");
        a.Unlink("f");
        await world.SpreadAsync();
        Assert.Equal(inode, b.Find("f"));
        Assert.Equal(1u, b.Volume.GetAttributes(inode).Value.LinkCount);
        await b.WriteAsync(writer, "edited");
        await b.CloseAsync(writer);
        Assert.Equal("edited", await b.ReadAsync("f"));
        await world.SettleAsync();
        Assert.Equal("edited", await a.ReadAsync("f"));
        Assert.Equal(0x8180u, a.Stat("f").Mode);
    }

    [Fact]
    public async Task Opening_with_truncation_shows_peers_nothing_before_the_close()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        FuseHandle writer = await a.OpenForWritingAsync("f");
        await b.PullAsync(a);
        Assert.Equal("x", await b.ReadAsync("f"));
        await a.WriteAsync(writer, "y");
        await a.CloseAsync(writer);
        await b.PullAsync(a);
        Assert.Equal("y", await b.ReadAsync("f"));
    }

    [Fact]
    public async Task Content_saved_in_the_background_survives_a_crash_and_does_not_hide_what_a_peer_wrote_meanwhile()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        FuseHandle writer = await a.OpenForWritingAsync("f");
        await a.WriteAsync(writer, "draft");
        Assert.Equal(Errno.OK, await a.Volume.TakeSnapshotAsync(Bazil.FileSystem.Nodes.FileName.Parse("s"), CancellationToken.None));
        await b.WriteAsync("f", "peer");
        await a.PullAsync(b);
        a.PowerCut(new Random(1));
        await world.SettleAsync();
        Assert.Equal("draft", await a.ReadAsync("f"));
        Assert.Equal(["peer"], a.Alternates("f"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_machine_that_crashed_while_a_file_was_open_can_still_be_pulled_from(bool isKnownToPeer)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        if (isKnownToPeer) await world.SpreadAsync();
        await a.WriteAsync("g", "not pulled before the crash");
        FuseHandle writer = await a.OpenForWritingAsync("f");
        await a.WriteAsync(writer, "draft");
        await a.Volume.SyncAllAsync(CancellationToken.None);
        a.PowerCut(new Random(1));
        await b.PullAsync(a);
        Assert.Equal("draft", await b.ReadAsync("f"));
        Assert.Equal("not pulled before the crash", await b.ReadAsync("g"));
        await world.SettleAsync();
    }

    private static ReplicaId NewestReplica(Replica replica) => replica.Volume.Knowledge.MaxBy(entry => entry.Value).Key;
}
