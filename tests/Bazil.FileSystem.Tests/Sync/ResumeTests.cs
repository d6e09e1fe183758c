using Bazil.FileSystem.Repair;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>A pull after an interrupted one goes on where that was, and brings what has changed since.</summary>
public sealed class ResumeTests
{
    private const int FileCount = 4000;

    [Fact]
    public async Task What_came_before_the_line_broke_does_not_come_again_unless_it_has_changed()
    {
        await using World world = await BeginAsync();
        (Replica a, Replica b) = world;
        int had = b.Tree().Count;
        Assert.InRange(had, FileCount / 10, FileCount * 3 / 4);

        Assert.Equal(Errno.OK, a.Rename("0000", "renamed"));
        await a.WriteAsync("0001", "changed");
        Assert.Equal(Errno.OK, a.Unlink("0002"));
        await a.WriteAsync("new", "new");
        var link = new CountingLink(new MemoryLink(b, a, int.MaxValue));
        await b.Volume.PullAsync(link, CancellationToken.None);
        Assert.InRange(link.Reports[^1].Merged, FileCount - had, FileCount - had + 10);
        Assert.Equal("changed", await b.ReadAsync("0001"));
        Assert.True(b.Exists("renamed") && !b.Exists("0000") && !b.Exists("0002") && b.Exists("new"));
        await world.SettleAsync();
        Assert.Equal(FileCount, b.Tree().Count);
    }

    [Fact]
    public async Task Each_further_interruption_gets_further()
    {
        await using World world = await BeginAsync();
        (Replica a, Replica b) = world;
        int rounds = 0;
        for (int before = 0, now = b.Tree().Count; now < FileCount; now = b.Tree().Count, rounds++)
        {
            Assert.True(now > before, $"round {rounds} brought nothing");
            before = now;
            await a.WriteAsync("0001", $"{rounds}");
            await b.PullAndLoseAsync(a, 4);
        }

        Assert.InRange(rounds, 2, 100);
        await b.PullAsync(a);
        Assert.Equal($"{rounds - 1}", await b.ReadAsync("0001"));
        await world.SettleAsync();
    }

    /// <summary>It has files of the same age as those that came, and does not know what came.</summary>
    [Fact]
    public async Task From_a_member_that_was_rolled_back_everything_comes()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await world.SpreadAsync();
        MemoryMetadataStore backup = a.Backup();
        await FillAndLoseAsync(a, b);
        a.Restore(backup);
        await a.WriteAsync("after", "after");
        var link = new CountingLink(new MemoryLink(b, a, int.MaxValue));
        await b.Volume.PullAsync(link, CancellationToken.None);
        Assert.Equal(link.Reports[^1].Expected, link.Reports[^1].Merged);
        Assert.Equal("after", await b.ReadAsync("after"));
        await world.SettleAsync();
    }

    [Fact]
    public async Task A_server_that_ends_meanwhile_goes_on_too()
    {
        await using World world = await BeginAsync();
        (Replica a, Replica b) = world;
        int had = b.Tree().Count;
        b.Restore(b.Backup());
        Assert.Equal(had, b.Tree().Count);
        var link = new CountingLink(new MemoryLink(b, a, int.MaxValue));
        await b.Volume.PullAsync(link, CancellationToken.None);
        Assert.InRange(link.Reports[^1].Merged, FileCount - had, FileCount - had + 5);
        await world.SettleAsync();
        Assert.Equal(FileCount, b.Tree().Count);
    }

    /// <summary>The first node that comes is the last that was changed: who took its stamp for what is known here would never ask for the others.</summary>
    [Fact]
    public async Task A_repair_does_not_take_an_interrupted_pull_for_a_completed_one()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await world.SpreadAsync();
        for (int index = 0; index < FileCount; index++) a.MakeFile($"{index:0000}", "text");
        await a.WriteAsync("0000", "changed");
        await b.PullAndLoseAsync(a, 5);
        int had = b.Tree().Count;
        Assert.InRange(had, 1, FileCount - 1);
        VolumeRepairReport report = await b.RepairAsync(new MetadataSalvage(1, [], [], WasRebuilt: false));
        Assert.True(report.WasWrittenAnew);
        Assert.Equal(had, b.Tree().Count);
        await b.PullAsync(a);
        Assert.Equal(FileCount, b.Tree().Count);
        await world.SettleAsync();
        Assert.Equal(FileCount, a.Tree().Count);
    }

    private static async Task<World> BeginAsync()
    {
        World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await world.SpreadAsync();
        await FillAndLoseAsync(a, b);
        return world;
    }

    private static async Task FillAndLoseAsync(Replica a, Replica b)
    {
        for (int index = 0; index < FileCount; index++) a.MakeFile($"{index:0000}", "text");
        await b.PullAndLoseAsync(a, 5);
    }
}
