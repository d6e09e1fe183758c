using Bazil.Core;
using Bazil.FileSystem.Tests.Simulation;

namespace Bazil.FileSystem.Tests.Sync;

// What the kernel keeps, and is told of.
public sealed partial class SyncScenarioTests
{
    [Fact]
    public async Task Kernel_is_told_of_names_that_come_change_and_go_and_of_the_directories_that_listed_them()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        ulong directory = a.MakeDirectory("d").Value, root = InodeId.Root.Value;
        await a.WriteAsync("d/old", "x");
        await a.WriteAsync("kept", "x");
        await world.SpreadAsync();
        var kernel = new RecordingNotifier();
        a.Volume.SetNotifier(kernel);
        await b.WriteAsync("d/new", "y");
        b.Unlink("d/old");
        b.Rename("kept", "moved");
        await a.PullAsync(b);
        Assert.Superset(new HashSet<(ulong, string)> { (directory, "new"), (directory, "old"), (root, "kept"), (root, "moved") }, kernel.Names);
        Assert.Superset(new HashSet<ulong> { directory, root, a.Find("moved").Value }, kernel.Nodes);
    }

    [Fact]
    public async Task Kernel_keeps_listings_until_directories_of_two_machines_are_shown_as_one()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        Assert.True(a.Volume.MayKeepListings);
        b.MakeDirectory("d");
        await a.PullAsync(b);
        Assert.False(a.Volume.MayKeepListings);
        await a.RestartAsync();
        Assert.False(a.Volume.MayKeepListings);
    }
}
