using Bazil.Core;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Deletions;

/// <summary>Deletions by others: shown when the pull is complete, or when a person consents because they are so many.</summary>
public sealed class BrakeTests
{
    private const int Files = 10;

    [Fact]
    public async Task Many_deletions_are_merged_and_not_shown()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        DeleteFirst(a, 6);
        await b.PullAsync(a);
        Assert.Equal(Files, CountShown(b));
        Assert.Equal("0", await b.ReadAsync("d0/f0"));
        HeldDeletions waiting = b.Volume.WaitingDeletions()!;
        Assert.Equal(6, waiting.Files);
        Assert.Equal(6, waiting.Peers[a.Id]);
        Assert.Equal(World.Describe(a.State()), World.Describe(b.State()));
        Assert.Equal(0, (await b.Volume.CheckAccountsAsync(CancellationToken.None)).DriftedCount);
        await b.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal(0, (await b.Volume.CheckAccountsAsync(CancellationToken.None)).DriftedCount);
    }

    [Fact]
    public async Task Consent_shows_them_and_keeps_them_in_the_trash()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        DeleteFirst(a, 6);
        await b.PullAsync(a);
        Assert.True(await b.Volume.AcceptDeletionsAsync(CancellationToken.None));
        Assert.Equal(Files - 6, CountShown(b));
        Assert.Null(b.Volume.WaitingDeletions());
        Assert.Equal(6, b.Volume.TrashTotals.Entries);
        Assert.False(await b.Volume.AcceptDeletionsAsync(CancellationToken.None));
        await world.SettleAsync();
    }

    [Fact]
    public async Task Rejecting_brings_them_back_for_everyone()
    {
        await using World world = await FilledAsync(3);
        (Replica a, Replica b, Replica c) = world;
        a.Chmod("d0/f0", 0x180);
        await world.SpreadAsync();
        DeleteFirst(a, 6);
        await b.PullAsync(a);
        await c.PullAsync(b);
        Assert.NotNull(c.Volume.WaitingDeletions());
        Assert.True(await b.Volume.RejectDeletionsAsync(CancellationToken.None));
        await world.SettleAsync();
        Assert.All(world.Replicas, replica => Assert.Equal(Files, CountShown(replica)));
        Assert.All(world.Replicas, replica => Assert.Equal(0x8180u, replica.Stat("d0/f0").Mode));
        Assert.All(world.Replicas, replica => Assert.Null(replica.Volume.WaitingDeletions()));
    }

    [Fact]
    public async Task Whole_trees_come_back_with_their_directories()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        Assert.Equal(Errno.OK, a.Chmod("d0", 0x1C0));
        await world.SpreadAsync();
        DeleteFirst(a, Files);
        Assert.Equal(Errno.OK, a.RemoveDirectory("d0"));
        await b.PullAsync(a);
        Assert.True(b.Exists("d0/f0"));
        Assert.True(await b.Volume.RejectDeletionsAsync(CancellationToken.None));
        await world.SettleAsync();
        Assert.Equal(Files, CountShown(a));
        Assert.Equal(0x41C0u, a.Stat("d0").Mode);
    }

    [Fact]
    public async Task Deletions_of_many_pulls_within_a_day_count_together()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        for (int index = 0; index < Files; index++)
        {
            a.Unlink(NameOf(index));
            await b.PullAsync(a);
        }

        Assert.NotNull(b.Volume.WaitingDeletions());
        Assert.Equal(5, CountShown(b));

        await using World other = await FilledAsync(2);
        (a, b) = other;
        for (int index = 0; index < Files - 3; index++)
        {
            a.Unlink(NameOf(index));
            await b.PullAsync(a);
            other.Clock.Advance(TimeSpan.FromHours(13));
        }

        Assert.Null(b.Volume.WaitingDeletions());
    }

    [Fact]
    public async Task Renames_moves_and_saves_over_are_no_deletions()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        for (int index = 0; index < Files; index++) Assert.Equal(Errno.OK, a.Rename(NameOf(index), $"moved{index}"));
        Assert.Equal(Errno.OK, a.RemoveDirectory("d0"));
        await b.PullAsync(a);
        Assert.Null(b.Volume.WaitingDeletions());
        Assert.False(b.Exists("d0"));
        for (int index = 0; index < Files; index++)
        {
            await a.WriteAsync("tmp", "new");
            Assert.Equal(Errno.OK, a.Rename("tmp", $"moved{index}"));
        }

        await b.PullAsync(a);
        Assert.Null(b.Volume.WaitingDeletions());
        Assert.Equal("new", await b.ReadAsync("moved3"));
        Assert.Equal(0, b.Volume.CountConflicts());
        Assert.Equal(Files, b.Volume.ListTrash().Count(entry => entry.Kind == FileSystem.Trash.TrashKind.Replaced));
        await world.SettleAsync();
    }

    [Fact]
    public async Task A_pull_that_is_cut_off_shows_no_deletion()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        a.Unlink(NameOf(0));
        await b.PullAndLoseAsync(a, 2);
        Assert.True(b.Exists(NameOf(0)));
        await b.PullAsync(a);
        Assert.False(b.Exists(NameOf(0)));
    }

    [Fact]
    public async Task The_brake_and_decisions_outlive_restarts_and_power_cuts()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        DeleteFirst(a, 6);
        await b.PullAsync(a);
        await b.RestartAsync();
        Assert.Equal(Files, CountShown(b));
        Assert.Equal(6, b.Volume.WaitingDeletions()!.Files);
        b.PowerCut(world.Random);
        await b.PullAsync(a);
        Assert.Equal(Files, CountShown(b));
        Assert.NotNull(b.Volume.WaitingDeletions());

        using (var cancel = new CancellationTokenSource())
        {
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => b.Volume.AcceptDeletionsAsync(cancel.Token));
        }

        // The decision was noted, and nothing of it was done: the next start goes on.
        await b.RestartAsync();
        await b.PullAsync(a);
        Assert.Null(b.Volume.WaitingDeletions());
        Assert.Equal(Files - 6, CountShown(b));
        await world.SettleAsync();
    }

    [Fact]
    public async Task Working_with_a_file_whose_deletion_waits_keeps_it_for_everyone()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        DeleteFirst(a, Files);
        Assert.Equal(Errno.OK, a.RemoveDirectory("d0"));
        await b.PullAsync(a);
        await b.WriteAsync(NameOf(0), "edited");
        Assert.Equal(Errno.OK, b.Rename(NameOf(1), "kept"));
        Assert.Equal(Errno.OK, b.Chmod(NameOf(2), 0x180));
        Assert.Equal(Errno.OK, b.Link(NameOf(3), "linked"));
        Assert.Equal(Errno.OK, b.Unlink(NameOf(4)));
        await b.Volume.AcceptDeletionsAsync(CancellationToken.None);
        await world.SettleAsync();
        Assert.Equal("edited", await a.ReadAsync(NameOf(0)));
        Assert.Equal("1", await a.ReadAsync("kept"));
        Assert.Equal(0x8180u, a.Stat(NameOf(2)).Mode);
        Assert.Equal("3", await a.ReadAsync("linked"));
        Assert.False(a.Exists(NameOf(4)));
        Assert.False(a.Exists(NameOf(5)));
    }

    [Fact]
    public async Task Removing_what_waits_by_hand_is_consent_to_it()
    {
        await using World world = await FilledAsync(2);
        (Replica a, Replica b) = world;
        DeleteFirst(a, Files);
        Assert.Equal(Errno.OK, a.RemoveDirectory("d0"));
        await b.PullAsync(a);
        DeleteFirst(b, Files);
        Assert.Equal(Errno.OK, b.RemoveDirectory("d0"));
        Assert.False(b.Exists("d0"));
        await b.Volume.AcceptDeletionsAsync(CancellationToken.None);
        await world.SettleAsync();
        Assert.Empty(a.Tree());
    }

    [Fact]
    public async Task While_deletions_wait_nothing_that_they_removed_is_vouched_for()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        world.Policy = new VolumePolicy(0.5, 0, 30);
        (Replica a, Replica b) = world;
        await a.WriteAsync("big", new string('x', Limits.InlineBytesMax + 1));
        await world.SpreadAsync();
        a.Unlink("big");
        await world.SpreadAsync();
        Assert.NotNull(b.Volume.WaitingDeletions());
        await world.SpreadAsync();
        Assert.False(a.Volume.Knowledge.IsCoveredBy(VouchedBy(b, a)));
        await b.Volume.AcceptDeletionsAsync(CancellationToken.None);
        await world.SpreadAsync();
        Assert.True(a.Volume.Knowledge.IsCoveredBy(VouchedBy(b, a)));
    }

    [Fact]
    public async Task A_deletion_waits_for_who_writes_and_is_shown_when_nothing_was_written()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        FuseHandle writer = await b.OpenForWritingAsync("f", truncate: false);
        a.Unlink("f");
        await b.PullAsync(a);
        Assert.True(b.Exists("f"));
        await b.CloseAsync(writer);
        Assert.False(b.Exists("f"));
        await world.SettleAsync();
    }

    [Fact]
    public async Task More_deletions_than_one_step_takes_are_shown()
    {
        const int many = (Limits.HeldBatch * 2) + 10;
        await using World world = await World.CreateAsync(2);
        world.Policy = new VolumePolicy(1, 0, 30);
        (Replica a, Replica b) = world;
        for (int index = 0; index < many; index++)
        {
            if (index % 100 == 0) a.MakeDirectory($"d{index / 100}");
            await a.WriteAsync($"d{index / 100}/f{index}", "x");
        }

        await world.SpreadAsync();
        for (int index = 0; index < many; index++) a.Unlink($"d{index / 100}/f{index}");
        for (int index = 0; index < many; index += 100) Assert.Equal(Errno.OK, a.RemoveDirectory($"d{index / 100}"));
        await b.PullAsync(a);
        Assert.Empty(b.Tree());
        await world.SettleAsync();
        Assert.Single(StateReader.Records(b.Metadata), record => !record.IsVolumeWide);
    }

    [Fact]
    public void A_row_with_what_is_still_shown_survives_a_round_trip_and_no_cut()
    {
        var place = new PlacedLink(new Bazil.Core.Version(5, new ReplicaId(9)), new Bazil.Core.Version(6, new ReplicaId(9)), new Place(NodeId.Root, FileName.Parse("f")));
        var content = new FacetPair<ContentValue>(new Bazil.Core.Version(7, new ReplicaId(9)), ContentValue.Inline([1, 2], new UnixTime(3, 4)));
        var node = new NodeRecord(new NodeId(new Bazil.Core.Version(5, new ReplicaId(9))), NodeKind.File, new InodeId(2000))
        {
            Held = new HeldDeletion([place], content, new AttributeValue(0x1A4, 1, 2, new UnixTime(5, 6), ExtendedAttributes.None), new PeerId(Enumerable.Repeat((byte)3, 32).ToArray()), new UnixTime(7, 8)),
        };
        byte[] row = NodeCodec.EncodeRow(new WireWriter(), node, 0);
        NodeRecord read = NodeCodec.DecodeRow(node.Inode, row, static _ => Knowledge.Empty);
        Assert.Equal(row, NodeCodec.EncodeRow(new WireWriter(), read, 0));
        Assert.Equal(place, Assert.Single(read.Held!.Places));
        Assert.Equal(content.Value, read.ShownContent!.Value.Value);
        for (int length = 0; length < row.Length; length++) Assert.Throws<WireFormatException>(() => NodeCodec.DecodeRow(node.Inode, row.AsSpan(0, length), static _ => Knowledge.Empty));
    }

    private static async Task<World> FilledAsync(int replicas)
    {
        World world = await World.CreateAsync(replicas);
        world.Policy = new VolumePolicy(0.5, 3, 30);
        world.Replicas[0].MakeDirectory("d0");
        for (int index = 0; index < Files; index++) await world.Replicas[0].WriteAsync(NameOf(index), $"{index}");
        await world.SpreadAsync();
        return world;
    }

    private static void DeleteFirst(Replica replica, int count)
    {
        for (int index = 0; index < count; index++) Assert.Equal(Errno.OK, replica.Unlink(NameOf(index)));
    }

    private static Knowledge VouchedBy(Replica member, Replica as0) => MemberTable.Read(new VolumeTables(as0.Metadata, 1), Table.MemberVouch, member.Id);

    private static int CountShown(Replica replica) => replica.Tree().Count(entry => entry.Key.Contains("/f", StringComparison.Ordinal));

    private static string NameOf(int index) => $"d0/f{index}";
}
