using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

public abstract class NotifierTests(FuseTransport transport)
{
    [Fact]
    public async Task Invalidating_an_inode_drops_its_cached_pages()
    {
        var text = "old";
        var fileSystem = new ScriptedFileSystem
        {
            OnRead = (buffer, _) => new(ScriptedFileSystem.Fill(buffer, text)),
            OpenFlags = FuseOpenFlags.KeepCache,
            Size = 3,
        };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        Assert.Equal("old", await mount.ShellAsync("cat f"));
        text = "new";
        Assert.Equal("old", await mount.ShellAsync("cat f"));
        Assert.Equal(1, fileSystem.Reads);
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.InvalidateInode(ScriptedFileSystem.File, 0, 0));
        Assert.Equal("new", await mount.ShellAsync("cat f"));
    }

    [Fact]
    public async Task Invalidating_an_inode_drops_its_cached_attributes()
    {
        var fileSystem = new ScriptedFileSystem { Size = 3 };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        Assert.Equal("3", await mount.ShellAsync("stat -c %s f"));
        fileSystem.Size = 5;
        Assert.Equal("3", await mount.ShellAsync("stat -c %s f"));
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.InvalidateInode(ScriptedFileSystem.File, -1, 0));
        Assert.Equal("5", await mount.ShellAsync("stat -c %s f"));
    }

    [Fact]
    public async Task Invalidating_an_entry_drops_what_the_kernel_knew_of_the_name()
    {
        var fileSystem = new ScriptedFileSystem();
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        Assert.Equal("f", await mount.ShellAsync("stat -c %n f; test ! -e g"));
        fileSystem.Name = "g";
        Assert.Equal("f", await mount.ShellAsync("stat -c %n f; test ! -e g"));
        Assert.Equal(2, fileSystem.Lookups);
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.InvalidateEntry(FuseNodeId.Root, "f"u8));
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.InvalidateEntry(FuseNodeId.Root, "g"u8));
        Assert.Equal("g", await mount.ShellAsync("test ! -e f; stat -c %n g"));
    }

    [Fact]
    public async Task What_the_kernel_does_not_know_is_ENOENT_and_after_the_end_ENOTCONN()
    {
        var mount = await TestMount.StartAsync(new ScriptedFileSystem(), transport: transport);
        var notifier = mount.Mount.Notifier;
        Assert.Equal(Errno.ENOENT, await notifier.InvalidateInode(new FuseNodeId(77), 0, 0));
        await mount.DisposeAsync();
        Assert.Equal(Errno.ENOTCONN, await notifier.InvalidateInode(ScriptedFileSystem.File, 0, 0));
        Assert.Empty(mount.Log);
    }
}
