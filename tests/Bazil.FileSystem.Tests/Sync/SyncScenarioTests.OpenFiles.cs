using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

// Files that are open while something happens to them.
public sealed partial class SyncScenarioTests
{
    [Fact]
    public async Task What_is_written_to_a_file_that_a_peer_revived_is_kept_while_its_unlinked_self_is_still_open()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        FuseHandle reader = a.Volume.Open(a.Find("f"), new FuseOpenMode(0)).Value;
        a.Unlink("f");
        await b.WriteAsync("f", "edit");
        await a.PullAsync(b);
        await a.WriteAsync("f", "new");
        await a.Volume.ReleaseAsync(reader);
        Assert.Equal("new", await a.ReadAsync("f"));
        await world.SettleAsync();
        Assert.Equal("new", await b.ReadAsync("f"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Removing_a_file_that_is_being_written_keeps_what_a_peer_wrote_to_it_meanwhile(bool isUnlink)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        FuseHandle writer = await a.OpenForWritingAsync("f", truncate: false);
        await b.WriteAsync("f", "edit");
        await a.PullAsync(b);
        Assert.Equal("x", await a.ReadAsync("f"));
        if (isUnlink)
        {
            Assert.Equal(Errno.OK, a.Unlink("f"));
        }
        else
        {
            await a.WriteAsync("g", "new");
            Assert.Equal(Errno.OK, a.Rename("g", "f"));
        }

        await a.CloseAsync(writer);
        await world.SettleAsync();
        Assert.Contains("edit", b.Alternates("f").Append(await b.ReadAsync("f")));
    }

    [Fact]
    public async Task Truncation_through_a_descriptor_changes_the_unlinked_file_and_not_the_one_that_a_peer_revived()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        InodeId inode = a.Find("f");
        FuseHandle unlinked = a.Volume.Open(inode, new FuseOpenMode(2)).Value;
        a.Unlink("f");
        await b.WriteAsync("f", "edit");
        await a.PullAsync(b);
        Assert.Equal(Errno.OK, await a.Volume.TruncateAsync(inode, 0, unlinked, CancellationToken.None));
        byte[] buffer = new byte[1];
        Assert.True((await a.Volume.ReadAsync(unlinked, 0, buffer, CancellationToken.None)).HasValue);
        Assert.Equal(0, buffer[0]);
        await a.Volume.ReleaseAsync(unlinked);
        Assert.Equal("edit", await a.ReadAsync("f"));
        await world.SettleAsync();
        Assert.Equal("edit", await b.ReadAsync("f"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_conflict_that_is_settled_while_the_file_is_being_written_keeps_what_was_in_place_until_the_close(bool isClosed)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        await a.WriteAsync("f", "y");
        await b.WriteAsync("f", "z");
        await world.SpreadAsync();
        FuseHandle writer = await a.OpenForWritingAsync("f");
        Assert.Equal(0, a.Stat("f").Size);
        Assert.Equal(Errno.OK, a.DropAlternate("f"));
        if (isClosed)
        {
            await a.WriteAsync(writer, "new");
            await a.CloseAsync(writer);
        }

        await b.PullAsync(a);
        Assert.Equal(isClosed ? "new" : "y", await b.ReadAsync("f"));
        Assert.Empty(b.Alternates("f"));
    }

    [Fact]
    public async Task Attributes_that_outlived_a_deletion_are_the_same_everywhere_when_the_file_is_written_after_others_purged_it()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        a.Unlink("f");
        b.Chmod("f", 0x1C0);
        await a.PullAsync(b);
        FuseHandle writer = await b.OpenForWritingAsync("f", truncate: false);
        await b.PullAsync(a);
        await a.PullAsync(b);
        await b.WriteAsync(writer, "edit");
        await b.CloseAsync(writer);
        await world.SettleAsync();
        Assert.Equal("edit", await a.ReadAsync("f"));
        Assert.Equal(0x81C0u, a.Stat("f").Mode);
        Assert.Equal(0x81C0u, b.Stat("f").Mode);
    }
}
