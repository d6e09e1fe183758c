using Bazil.Core;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

// Files with several names.
public sealed partial class SyncScenarioTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_links_of_a_file_that_came_to_one_name_go_with_it_but_not_what_a_peer_wrote_meanwhile(bool isEdited)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, a.Link("f", "g"));
        Assert.Equal(Errno.OK, b.Rename("f", "g"));
        await b.PullAsync(a);
        await b.WriteAsync("g", "y");
        if (isEdited) await a.WriteAsync("g", "edit");
        Assert.Equal(Errno.OK, b.Unlink("g"));
        Assert.False(b.Exists("g"));
        await world.SettleAsync();
        foreach (Replica replica in world.Replicas)
        {
            Assert.False(replica.Exists("f"));
            Assert.Equal(isEdited, replica.Exists("g"));
            if (!isEdited) continue;
            Assert.Equal("edit", await replica.ReadAsync("g"));
            Assert.Empty(replica.Alternates("g"));
        }
    }
}
