using Bazil.Fuse.Examples;
using Bazil.Fuse.Mount;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

public abstract class UnmountTests(FuseTransport transport)
{
    [Fact]
    public async Task Unmounting_ends_everything_and_may_be_repeated()
    {
        var fileSystem = new ScriptedFileSystem();
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        Assert.True(MountTable.TryFind(mount.Path, out var entry) && entry.Type == "fuse.test");
        await mount.Mount.UnmountAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.True(mount.Mount.Completion.IsCompletedSuccessfully);
        Assert.True(fileSystem.Destroyed.Task.IsCompleted);
        Assert.False(MountTable.TryFind(mount.Path, out _));
        await mount.Mount.UnmountAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
    }

    [Fact]
    public async Task An_unmount_from_outside_is_noticed()
    {
        var fileSystem = new ScriptedFileSystem();
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        (await Child.RunAsync(() => { }, "/bin/umount", mount.Path)).Succeeded();
        await mount.Mount.Completion.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(fileSystem.Destroyed.Task.IsCompleted);
    }

    [Fact]
    public async Task Who_has_a_file_open_may_finish_within_the_grace()
    {
        await using var mount = await TestMount.StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 24), transport: transport);
        using var child = mount.StartPython("""
            fd = os.open('f', os.O_RDWR | os.O_CREAT)
            os.chdir('/'); print('open'); sys.stdin.readline()
            os.write(fd, b'after'); print(os.pread(fd, 9, 0).decode())
            """);
        Assert.Equal("open", await child.StandardOutput.ReadLineAsync());
        var unmounted = mount.Mount.UnmountAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
        while (MountTable.TryFind(mount.Path, out _)) await Task.Yield();
        Assert.False(unmounted.IsCompleted);
        await child.StandardInput.WriteLineAsync();
        Assert.Equal("after", (await mount.FinishAsync(child)).Succeeded());
        await unmounted;
    }

    [Fact]
    public async Task Who_keeps_a_file_open_is_cut_off_after_the_grace_even_in_the_middle_of_a_request()
    {
        var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fileSystem = new ScriptedFileSystem
        {
            OnRead = async (_, cancellationToken) =>
            {
                reading.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                return Errno.EIO;
            },
        };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        using var child = mount.StartPython("""
            fd = os.open('f', os.O_RDONLY)
            try: os.read(fd, 9)
            except OSError as e: print(errno.errorcode[e.errno])
            """);
        await reading.Task;
        await mount.Mount.UnmountAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        Assert.True(fileSystem.Destroyed.Task.IsCompleted);
        Assert.Equal("ECONNABORTED", (await mount.FinishAsync(child)).Succeeded());
    }

    [Fact]
    public async Task A_handler_that_never_completes_does_not_keep_the_mount_from_ending()
    {
        var never = new TaskCompletionSource<Reply<FuseReadResult>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fileSystem = new ScriptedFileSystem
        {
            OnRead = (_, _) =>
            {
                reading.TrySetResult();
                return new(never.Task);
            },
        };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        using var child = mount.StartPython("""
            fd = os.open('f', os.O_RDONLY)
            try: os.read(fd, 9)
            except OSError as e: print(errno.errorcode[e.errno])
            """);
        await reading.Task;
        await mount.Mount.UnmountAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        Assert.True(fileSystem.Destroyed.Task.IsCompleted);
        Assert.Equal("ECONNABORTED", (await mount.FinishAsync(child)).Succeeded());
        Assert.Contains(mount.Log, line => line.Contains("Read of node 2", StringComparison.Ordinal));
        never.SetResult(Errno.EIO); // Answers nobody, and harms nobody.
    }

    [Fact]
    public async Task A_killed_daemon_in_the_middle_of_requests_leaves_a_mount_that_can_be_taken_away()
    {
        using var parameter = transport == FuseTransport.Uring ? UringParameter.Set(on: true) : null;
        using var directory = new Bazil.Testing.TempDirectory();
        using var daemon = await Daemon.StartAsync(Daemon.Host, Daemon.Program, directory.Path, transport == FuseTransport.Uring ? "--uring" : "--device");
        using var user = Child.Start("/bin/sh", "-c", $"cd {directory.Path}; echo go; while echo x > f && cat f > /dev/null && rm f; do :; done 2> /dev/null");
        Assert.Equal("go", await user.StandardOutput.ReadLineAsync());
        for (var i = 0; i < 20; i++) await Child.RunAsync(() => { }, "/bin/stat", directory.Path);
        daemon.Kill();
        await daemon.WaitForExitAsync();
        await Child.FinishAsync(user, () => { });
        (await Child.RunAsync(() => { }, "/bin/umount", directory.Path)).Succeeded();
    }
}
