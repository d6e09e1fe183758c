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
    public async Task An_entry_that_expired_is_looked_up_again()
    {
        var fileSystem = new ScriptedFileSystem();
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        await mount.ShellAsync("stat f; stat f");
        Assert.Equal(1, fileSystem.Lookups);
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.ExpireEntry(FuseNodeId.Root, "f"u8));
        await mount.ShellAsync("stat f");
        Assert.Equal(2, fileSystem.Lookups);
        var outcome = await mount.Mount.Notifier.ExpireAllEntries();
        Assert.SkipWhen(outcome == Errno.EINVAL, "the kernel is older than 6.16");
        await mount.ShellAsync("stat f");
        Assert.Equal((Errno.OK, 3), (outcome, fileSystem.Lookups));
    }

    [Fact]
    public async Task A_deleted_entry_goes_even_while_it_is_open()
    {
        var fileSystem = new ScriptedFileSystem { OnRead = (buffer, _) => new(ScriptedFileSystem.Fill(buffer, "text")) };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        using var child = mount.StartPython("""
            fd = os.open('f', os.O_RDONLY); print('open'); sys.stdin.readline()
            assert not os.path.exists('f') and os.read(fd, 9) == b'text'
            """);
        Assert.Equal("open", await child.StandardOutput.ReadLineAsync());
        fileSystem.Name = "elsewhere";
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.DeleteEntry(FuseNodeId.Root, ScriptedFileSystem.File, "f"u8));
        Assert.Equal(Errno.ENOENT, await mount.Mount.Notifier.DeleteEntry(FuseNodeId.Root, ScriptedFileSystem.File, "f"u8));
        await child.StandardInput.WriteLineAsync();
        (await mount.FinishAsync(child)).Succeeded();
    }

    [Fact]
    public async Task Stored_data_is_read_without_asking_and_can_be_retrieved()
    {
        var fileSystem = new ScriptedFileSystem { OpenFlags = FuseOpenFlags.KeepCache, Size = 6 };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        var notifier = mount.Mount.Notifier;
        await mount.ShellAsync("stat f");
        Assert.Equal(Errno.OK, await notifier.Store(ScriptedFileSystem.File, 0, "stored"u8.ToArray()));
        Assert.Equal("stored", await mount.ShellAsync("cat f"));
        Assert.Equal(0, fileSystem.Reads);
        Assert.Equal("tore"u8.ToArray(), await notifier.Retrieve(ScriptedFileSystem.File, 1, 4));
        Assert.Equal("stored"u8.ToArray(), await notifier.Retrieve(ScriptedFileSystem.File, 0, 4096));
        Assert.Null(await notifier.Retrieve(new FuseNodeId(77), 0, 4096));
        Assert.Equal(Errno.ENOENT, await notifier.Store(new FuseNodeId(77), 0, "x"u8.ToArray()));
        Assert.Equal("stored", await mount.ShellAsync("cat f"));
    }

    [Fact]
    public async Task Two_node_ids_of_one_inode_have_contents_of_their_own()
    {
        var fileSystem = new ScriptedFileSystem { OpenFlags = FuseOpenFlags.KeepCache, Size = 3, OnRead = (buffer, _) => new(ScriptedFileSystem.Fill(buffer, "old")) };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        using var child = mount.StartPython("""
            fd = os.open('f', os.O_RDONLY); assert os.pread(fd, 9, 0) == b'old'; print('open'); sys.stdin.readline()
            new = os.open('f', os.O_RDONLY)
            assert os.pread(new, 9, 0) == b'newer' and os.pread(fd, 9, 0) == b'old'
            assert os.fstat(fd).st_ino == os.fstat(new).st_ino and os.fstat(new).st_size == 5
            """);
        Assert.Equal("open", await child.StandardOutput.ReadLineAsync());
        fileSystem.CurrentNode = new FuseNodeId(3);
        fileSystem.Size = 5;
        fileSystem.OnRead = (buffer, _) => new(ScriptedFileSystem.Fill(buffer, "newer"));
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.InvalidateEntry(FuseNodeId.Root, "f"u8));
        await child.StandardInput.WriteLineAsync();
        (await mount.FinishAsync(child)).Succeeded();
    }

    [Fact]
    public async Task What_the_kernel_does_not_know_is_ENOENT_and_after_the_end_ENOTCONN()
    {
        var mount = await TestMount.StartAsync(new ScriptedFileSystem(), transport: transport);
        var notifier = mount.Mount.Notifier;
        Assert.Equal(Errno.ENOENT, await notifier.InvalidateInode(new FuseNodeId(77), 0, 0));
        await mount.DisposeAsync();
        Assert.Equal(Errno.ENOTCONN, await notifier.InvalidateInode(ScriptedFileSystem.File, 0, 0));
        Assert.Null(await notifier.Retrieve(ScriptedFileSystem.File, 0, 1));
        Assert.Empty(mount.Log);
    }
}
