using Bazil.Fuse.Examples;
using Bazil.Fuse.Mount;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

public sealed class MountingTests
{
    /// <summary>Longer than any answer takes on a busy machine.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_mountpoint_that_does_not_exist_is_refused()
    {
        using var directory = new TempDirectory();
        Assert.Equal(FuseMountFailure.Missing, (await RefusedAsync(directory["missing"])).Failure);
    }

    [Theory]
    [InlineData(FuseTransport.Device)]
    [InlineData(FuseTransport.Uring)]
    public async Task Requests_that_come_while_it_is_being_mounted_are_answered(FuseTransport transport)
    {
        const int mounts = 20;
        using var directory = new TempDirectory("bazil-early-");
        Directory.CreateDirectory(directory["mnt"]);
        // Several, so that requests come from all processors; each says what it saw once told to stop.
        using var child = Child.Start(Child.Python, "-uc", $$"""
            import os, sys, threading
            stop, failed = threading.Event(), []
            def look():
                while not stop.is_set():
                    try: os.statvfs('{{directory["mnt"]}}')
                    except OSError as e:
                        if e.errno not in (107, 103): failed.append(e) # the mount has just ended
            threads = [threading.Thread(target=look) for _ in range(4)]
            [t.start() for t in threads]; print('looking'); sys.stdin.readline()
            stop.set(); [t.join() for t in threads]; assert not failed, failed
            """);
        Assert.Equal("looking", await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        for (var i = 0; i < mounts; i++)
        {
            using var parameter = transport == FuseTransport.Uring ? UringParameter.Set(on: true) : null;
            var options = new FuseMountOptions { Mountpoint = directory["mnt"], Transport = transport };
            await using var mount = await FuseMount.MountAsync(
                options, new MemoryFileSystem(TimeProvider.System, 1 << 20), (_, _, _) => { }, TestContext.Current.CancellationToken);
            Assert.Equal(transport, mount.Connection.Transport);
            // Who waits for an answer keeps the mount; nobody is cut off here.
            await mount.UnmountAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken).WaitAsync(AnswerTime, TestContext.Current.CancellationToken);
        }

        await child.StandardInput.WriteLineAsync();
        (await Child.FinishAsync(child, () => Libc.Unmount(directory["mnt"], Libc.MNT_DETACH | Libc.MNT_FORCE))).Succeeded();
    }

    [Fact]
    public async Task A_file_is_refused()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["file"], "");
        Assert.Equal(FuseMountFailure.NotADirectory, (await RefusedAsync(directory["file"])).Failure);
    }

    [Fact]
    public async Task A_directory_with_something_in_it_is_refused()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["file"], "");
        var refused = await RefusedAsync(directory.Path);
        Assert.Equal((FuseMountFailure.NotEmpty, directory.Path), (refused.Failure, refused.Mountpoint));
    }

    [Fact]
    public async Task A_live_mount_is_left_alone_also_when_named_by_a_link()
    {
        await using var mount = await TestMount.StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 24));
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["link"], mount.Path);
        Assert.Equal(FuseMountFailure.AlreadyMounted, (await RefusedAsync(mount.Path)).Failure);
        Assert.Equal(FuseMountFailure.AlreadyMounted, (await RefusedAsync(directory["link"])).Failure);
        Assert.Equal(FuseMountFailure.AlreadyMounted, (await RefusedAsync("/proc")).Failure);
        Assert.Equal("here", await mount.ShellAsync("echo here > f; cat f"));
    }

    [Fact]
    public async Task The_mount_of_a_killed_daemon_is_taken_away()
    {
        using var directory = new TempDirectory();
        using var daemon = await Daemon.StartAsync(Daemon.Host, Daemon.Program, directory.Path);
        daemon.Kill();
        await daemon.WaitForExitAsync();
        var dead = await Child.RunAsync(() => { }, "/bin/ls", directory.Path);
        Assert.Contains("not connected", dead.Errors);
        await using (await FuseMount.MountAsync(
            new FuseMountOptions { Mountpoint = directory.Path }, new MemoryFileSystem(TimeProvider.System, 1 << 24), Ignore, CancellationToken.None))
        {
            Assert.Equal("alive", (await Child.RunAsync(() => { }, "/bin/sh", "-c", $"cd {directory.Path}; echo alive > f; cat f")).Succeeded());
        }

        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task A_terminated_daemon_unmounts_and_exits_with_0()
    {
        using var directory = new TempDirectory();
        using var daemon = await Daemon.StartAsync(Daemon.Host, Daemon.Program, directory.Path);
        (await Child.RunAsync(() => { }, "/bin/kill", "-TERM", $"{daemon.Id}")).Succeeded();
        Assert.Equal(0, (await Child.FinishAsync(daemon, () => { })).ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task Root_can_mount_by_the_helper_too()
    {
        await using var mount = await TestMount.StartAsync(
            new MemoryFileSystem(TimeProvider.System, 1 << 24),
            options => options with { Method = FuseMountMethod.Helper, FileSystemName = @"a,b\c", Workers = 3 });
        Assert.Equal("hi", await mount.ShellAsync("echo hi > f; cat f"));
        Assert.StartsWith(@"a,b\c", await mount.ShellAsync("df --output=source . | tail -1"));
    }

    [Fact]
    public async Task The_refusal_of_the_helper_is_passed_on()
    {
        using var directory = new TempDirectory();
        var options = new FuseMountOptions { Mountpoint = directory.Path, Method = FuseMountMethod.Helper, FileSystemName = new string('n', 5000) };
        var refused = await Assert.ThrowsAsync<FuseMountException>(
            () => FuseMount.MountAsync(options, new MemoryFileSystem(TimeProvider.System, 1 << 24), Ignore, CancellationToken.None));
        Assert.Equal(FuseMountFailure.HelperFailed, refused.Failure);
    }

    /// <summary>The device of this machine may be root's alone, so a world-accessible node covers it in a mount namespace of the test's own.</summary>
    [Fact]
    public async Task An_ordinary_user_mounts_reads_and_writes()
    {
        using var directory = new TempDirectory("bazil-user-");
        var program = directory["program"];
        (await Child.RunAsync(() => { }, "/bin/sh", "-ec", $"cp -r '{Path.GetDirectoryName(Daemon.Program)}' '{program}'; chmod -R a+rX '{directory.Path}'")).Succeeded();
        var script = $$"""
            mount --make-rprivate /
            cd '{{directory.Path}}'; mknod fuse c 10 229; chmod 666 fuse; mount --bind fuse /dev/fuse
            mkdir mnt; chown 65534:65534 mnt
            user() { exec setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent "$@"; }
            user '{{Daemon.Host}}' '{{program}}/{{Path.GetFileName(Daemon.Program)}}' '{{directory.Path}}/mnt' > log 2>&1 &
            daemon=$!
            trap 'kill -KILL $daemon 2> /dev/null || true' EXIT
            for try in $(seq 200); do grep -q mounted log && break; kill -0 $daemon || break; sleep 0.1; done
            ( user sh -ec 'cd mnt; echo mine > f; cat f; stat -c %u f' )
            kill -TERM $daemon
            wait $daemon && echo "exit 0" || { echo "exit $?"; cat log; }
            grep -c '{{directory.Path}}/mnt' /proc/self/mountinfo || true
            """;
        var result = await Child.RunAsync(() => { }, "/usr/bin/unshare", "-m", "/bin/sh", "-ec", script);
        Assert.Equal("mine\n65534\nexit 0\n0", result.Succeeded());
    }

    [Fact]
    public async Task A_read_only_mount_refuses_changes()
    {
        await using var mount = await TestMount.StartAsync(
            new MemoryFileSystem(TimeProvider.System, 1 << 24), options => options with { ReadOnly = true });
        Assert.Contains("Read-only", (await mount.TryShellAsync("mkdir d")).Errors);
    }

    [Fact]
    public async Task What_was_agreed_on_can_be_read()
    {
        await using var mount = await TestMount.StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 24));
        var connection = mount.Mount.Connection;
        Assert.InRange(connection.ProtocolMinor, 31, 45);
        Assert.Equal(1 << 20, connection.MaxWriteBytes);
        Assert.Equal(FuseCapabilities.Default, connection.Capabilities);
    }

    [Fact]
    public async Task Without_io_uring_Automatic_takes_the_device_and_says_why()
    {
        using var parameter = UringParameter.Set(on: false);
        await using var mount = await TestMount.StartAsync(
            new MemoryFileSystem(TimeProvider.System, 1 << 24), options => options with { Transport = FuseTransport.Automatic });
        Assert.Equal(FuseTransport.Device, mount.Mount.Connection.Transport);
        Assert.Contains("not io_uring", Assert.Single(mount.Log), StringComparison.Ordinal);
        Assert.Equal("hi", await mount.ShellAsync("echo hi > f; cat f"));
    }

    [Fact]
    public async Task With_io_uring_Automatic_takes_it()
    {
        using var parameter = UringParameter.Set(on: true);
        await using var mount = await TestMount.StartAsync(
            new MemoryFileSystem(TimeProvider.System, 1 << 24), options => options with { Transport = FuseTransport.Automatic, MaxWriteBytes = 4096 });
        Assert.Equal(FuseTransport.Uring, mount.Mount.Connection.Transport);
        Assert.Empty(mount.Log);
        Assert.Equal("300000", await mount.ShellAsync("head -c 300000 /dev/zero > f; cat f | wc -c"));
    }

    [Fact]
    public async Task Demanded_and_missing_io_uring_fails_the_mount_and_leaves_nothing()
    {
        using var parameter = UringParameter.Set(on: false);
        using var directory = new TempDirectory();
        var options = new FuseMountOptions { Mountpoint = directory.Path, Transport = FuseTransport.Uring };
        var refused = await Assert.ThrowsAsync<FuseMountException>(
            () => FuseMount.MountAsync(options, new MemoryFileSystem(TimeProvider.System, 1 << 20), Ignore, CancellationToken.None));
        Assert.Equal(FuseMountFailure.TransportMissing, refused.Failure);
        Assert.False(MountTable.TryFind(directory.Path, out _));
    }

    private static async Task<FuseMountException> RefusedAsync(string mountpoint)
    {
        var options = new FuseMountOptions { Mountpoint = mountpoint };
        return await Assert.ThrowsAsync<FuseMountException>(
            () => FuseMount.MountAsync(options, new MemoryFileSystem(TimeProvider.System, 1 << 20), Ignore, CancellationToken.None));
    }

    private static void Ignore(FuseLogLevel level, string message, Exception? exception)
    {
    }
}
