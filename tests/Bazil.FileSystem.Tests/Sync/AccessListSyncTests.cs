using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>Access lists and modes on several machines.</summary>
public sealed class AccessListSyncTests
{
    [Fact]
    public async Task Access_list_arrives_with_its_mode()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        Assert.Equal(Errno.OK, a.Grant("f", 7));
        await b.PullAsync(a);
        Assert.Equal(a.Volume.GetXattr(a.Find("f"), AccessList.AccessName).Value.ToArray(), b.Volume.GetXattr(b.Find("f"), AccessList.AccessName).Value.ToArray());
        Assert.Equal(0x1B8u, b.Stat("f").Mode & 0x1FF); // 0670: the mask shows as the group's bits
    }

    [Fact]
    public async Task Chmod_on_one_machine_and_a_list_on_the_other_end_with_one_of_both()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await b.PullAsync(a);
        Assert.Equal(Errno.OK, a.Grant("f", 5));
        Assert.Equal(Errno.OK, b.Chmod("f", 0x180));
        await world.SettleAsync();
        bool hasList = a.Volume.GetXattr(a.Find("f"), AccessList.AccessName).HasValue;
        Assert.Equal(hasList ? 0x1B8u : 0x180u, a.Stat("f").Mode & 0x1FF);
        Assert.Equal(hasList, b.Volume.GetXattr(b.Find("f"), AccessList.AccessName).HasValue);
        Assert.Equal(a.Stat("f").Mode, b.Stat("f").Mode);
    }

    [Fact]
    public async Task Node_with_a_reserved_name_is_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        foreach (string name in (string[])[".snap", ".bazil"])
        {
            // Only the mount keeps programs from these names: below it a replica can be made to misbehave.
            a.MakeDirectory(name);
            await Assert.ThrowsAnyAsync<IOException>(() => b.PullAsync(a));
            Assert.False(b.Exists(name));
            Assert.Equal(Errno.OK, a.RemoveDirectory(name));
        }
    }
}
