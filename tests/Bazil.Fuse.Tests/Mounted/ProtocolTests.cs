using Bazil.Fuse.Examples;
using Bazil.Testing;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>Operations beyond the everyday ones, through a mount.</summary>
public abstract class ProtocolTests(FuseTransport transport)
{
    [Fact]
    public async Task Ioctls_carry_data_both_ways_and_unknown_ones_are_ENOTTY()
    {
        await using var mount = await StartAsync(new ProbeFileSystem(), FuseCapabilities.DirectoryIoctl);
        await mount.PythonAsync($$"""
            import struct
            fd, d = os.open('f', os.O_RDWR | os.O_CREAT), os.open('.', os.O_RDONLY)
            for file, result in ((fd, 0), (d, 1)):
                data = bytearray(struct.pack('I', 41))
                assert fcntl.ioctl(file, {{ProbeFileSystem.AddOne}}, data) == result and struct.unpack('I', data)[0] == 42
            assert fcntl.ioctl(fd, {{ProbeFileSystem.Answer}}) == 42
            try: fcntl.ioctl(fd, 0x6203); assert False
            except OSError as e: assert e.errno == errno.ENOTTY
            """);
    }

    [Fact]
    public async Task A_sleeper_in_poll_is_woken()
    {
        var fileSystem = new ProbeFileSystem();
        await using var mount = await StartAsync(fileSystem);
        using var child = mount.StartPython("""
            import select
            p = select.poll(); p.register(os.open('f', os.O_RDWR | os.O_CREAT), select.POLLIN)
            assert p.poll(0) == []
            assert [e for _, e in p.poll(20000)] == [select.POLLIN]
            """);
        var waiter = await fileSystem.Polled.Task.WaitAsync(TimeSpan.FromSeconds(20));
        fileSystem.Ready = true;
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.WakePoll(waiter));
        (await mount.FinishAsync(child)).Succeeded();
    }

    [Fact]
    public async Task Statx_tells_the_time_of_birth()
    {
        await using var mount = await StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 24));
        await mount.ShellAsync("""
            before=$(date +%s); echo x > f; touch -d '2001-02-03' f
            born=$(stat -c %W f); test $born -ge $((before - 1)); test $(stat -c %Y f) -lt $born; test $(stat -c %s f) = 2
            """);
    }

    [Fact]
    public async Task Opens_answered_with_ENOSYS_are_not_sent_again()
    {
        var fileSystem = new ProbeFileSystem { RefusesOpens = true };
        await using var mount = await StartAsync(fileSystem, FuseCapabilities.NoOpen | FuseCapabilities.NoOpenDirectory);
        Assert.Equal("x x x", await mount.ShellAsync("echo x > f; for i in 1 2 3; do cat f; ls > /dev/null; done | tr '\\n' ' ' | sed 's/ $//'"));
        Assert.Equal((1, 1), (fileSystem.Opens, fileSystem.DirectoryOpens));
    }

    [Fact]
    public async Task A_file_handle_finds_its_file_after_the_kernel_has_forgotten_it()
    {
        await using var mount = await StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 24), FuseCapabilities.ExportSupport);
        await mount.PythonAsync("""
            libc = ctypes.CDLL(None, use_errno=True)
            class Handle(ctypes.Structure): _fields_ = [('bytes', ctypes.c_uint), ('type', ctypes.c_int), ('data', ctypes.c_char * 128)]
            os.makedirs('a/b'); open('a/b/f', 'w').write('found'); open('a/b/gone', 'w').close()
            def handle(path):
                h, m = Handle(128), ctypes.c_int()
                assert libc.name_to_handle_at(-100, path, ctypes.byref(h), ctypes.byref(m), 0) == 0, ctypes.get_errno()
                return h
            file, directory, gone = handle(b'a/b/f'), handle(b'a/b'), handle(b'a/b/gone')
            os.unlink('a/b/gone')
            open('/proc/sys/vm/drop_caches', 'w').write('2')
            root = os.open('.', os.O_RDONLY)
            fd = libc.open_by_handle_at(root, ctypes.byref(file), os.O_RDONLY)
            assert fd >= 0 and os.read(fd, 9) == b'found', ctypes.get_errno()
            d = libc.open_by_handle_at(root, ctypes.byref(directory), os.O_RDONLY)
            assert d >= 0 and os.listdir(d) == ['f'], ctypes.get_errno()
            os.fchdir(d); assert os.stat('..').st_ino == os.stat(f'/proc/self/fd/{root}/a').st_ino
            assert libc.open_by_handle_at(root, ctypes.byref(gone), os.O_RDONLY) < 0 and ctypes.get_errno() == errno.ESTALE
            """);
    }

    [Fact]
    public async Task Copies_keep_holes_and_go_both_ways_within_one_file()
    {
        await using var mount = await StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 26));
        await mount.PythonAsync("""
            import random
            data = random.Random(3).randbytes(700001)
            a = os.open('a', os.O_RDWR | os.O_CREAT); os.write(a, data); os.pwrite(a, b'end', 5 << 20)
            b = os.open('b', os.O_RDWR | os.O_CREAT)
            size, at = os.fstat(a).st_size, 0
            while at < size:
                n = os.copy_file_range(a, b, size - at, at, at); assert n > 0; at += n
            assert os.pread(b, 8 << 20, 0) == os.pread(a, 8 << 20, 0) and os.fstat(b).st_blocks < 3 << 11
            c = os.open('c', os.O_RDWR | os.O_CREAT); os.write(c, b'0123456789')
            assert os.copy_file_range(c, c, 10, 0, 100000) == 10 and os.pread(c, 10, 100000) == b'0123456789'
            assert os.copy_file_range(c, c, 5, 100005, 0) == 5 and os.pread(c, 10, 0) == b'5678956789'
            assert os.copy_file_range(c, b, 10, 1 << 20, 0) == 0
            """);
    }

    [Fact]
    public async Task Reserved_room_is_taken_and_zeroed_ranges_read_as_zeros()
    {
        await using var mount = await StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 23));
        await mount.PythonAsync("""
            libc = ctypes.CDLL(None, use_errno=True)
            def allocate(mode, at, n): return 0 if libc.fallocate(fd, mode, ctypes.c_long(at), ctypes.c_long(n)) == 0 else ctypes.get_errno()
            fd = os.open('f', os.O_RDWR | os.O_CREAT)
            assert allocate(1, 0, 4 << 20) == 0 and os.fstat(fd).st_size == 0 and os.fstat(fd).st_blocks == 8 << 10
            assert allocate(0, 0, 1 << 30) == errno.ENOSPC
            os.write(fd, b'x' * 10000)
            assert allocate(0x10, 100, 200) == 0 and os.pread(fd, 400, 0) == b'x' * 100 + bytes(200) + b'x' * 100
            assert allocate(0x11, 9000, 5000) == 0 and os.fstat(fd).st_size == 10000 and os.pread(fd, 2000, 9000) == bytes(1000)
            assert allocate(3, 0, 4 << 20) == 0 and os.fstat(fd).st_blocks == 0 and os.pread(fd, 10000, 0) == bytes(10000)
            assert allocate(8, 0, 4096) == errno.EOPNOTSUPP
            """);
    }

    [Fact]
    public async Task A_backing_file_is_read_and_written_by_the_kernel_alone()
    {
        var fileSystem = new BackedFileSystem();
        await using var mount = await StartAsync(fileSystem, FuseCapabilities.Passthrough);
        Assert.SkipUnless(
            (mount.Mount.Connection.Capabilities & FuseCapabilities.Passthrough) != 0 && fileSystem.Outcome == Errno.OK,
            $"the kernel offers no passthrough: {fileSystem.Outcome}");
        Assert.Equal("backing", await mount.ShellAsync("cat f; printf BACK | dd of=f conv=notrunc status=none"));
        Assert.Equal("BACKing", File.ReadAllText(fileSystem.Path));
    }

    [Fact]
    public async Task Syncfs_comes_to_a_file_system_on_a_block_device()
    {
        Assert.SkipWhen(Environment.OSVersion.Version < new System.Version(6, 18), "the kernel is older than 6.18");
        using var disk = new LoopDevice(1 << 20);
        var fileSystem = new ProbeFileSystem();
        await using var mount = await TestMount.StartAsync(fileSystem, options => options with { BlockDevice = disk.Path }, transport);
        await mount.PythonAsync("""
            libc = ctypes.CDLL(None, use_errno=True)
            fd = os.open('f', os.O_RDWR | os.O_CREAT); os.write(fd, b'x')
            assert libc.syncfs(fd) == 0 and libc.syncfs(fd) == 0
            """);
        Assert.Equal(2, fileSystem.Syncs);
        await mount.DisposeAsync();
        Assert.Empty(mount.Log);
    }

    [Fact]
    public async Task Access_control_lists_behave_as_on_a_local_file_system()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/setfacl"), "needs the package acl (scripts/setup --tests)");
        const string script = """
            show() { for f in "$@"; do stat -c '%n %a' $f; getfacl -cn $f; done; }
            other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@" 2> /dev/null && echo yes || echo no; }
            chmod 755 .; umask 027
            echo x > plain; mkdir dir; show plain dir
            setfacl -m u:65534:rw,g:4:r plain; show plain; other cat plain; other sh -c 'echo y > plain'
            chmod 640 plain; show plain; other sh -c 'echo y > plain'
            chmod 400 plain; show plain; setfacl -m m::rwx plain; show plain
            setfacl -b plain; show plain; other cat plain
            setfacl -d -m u:65534:rwx,g::rx,o::- dir; setfacl -m u:65534:x dir; show dir
            umask 077
            echo x > dir/file; mkdir dir/sub; mkfifo dir/fifo; ln -s file dir/link; echo x > dir/sub/deep; mkdir -m 700 dir/closed
            show dir/file dir/sub dir/fifo dir/sub/deep dir/closed; other cat dir/file; other cat dir/sub/deep; other ls dir/closed
            cp -p dir/file copy; show copy; python3 -c 'import os; os.close(os.open("dir/wide", os.O_CREAT | os.O_RDWR, 0o777))'; show dir/wide
            setfacl -k dir; echo x > dir/after; show dir dir/after
            chgrp 4 plain; chmod 2771 plain; setfacl -m u:65534:r plain; show plain
            python3 -c 'import os; print([sorted(os.listxattr(f)) for f in ("dir/file", "dir/after", "dir/sub")])'
            """;
        await using var mount = await TestMount.StartAsync(
            new MemoryFileSystem(TimeProvider.System, 1 << 24),
            options => options with { AllowOther = true, Capabilities = options.Capabilities | MemoryFileSystem.AccessListCapabilities },
            transport);
        using var local = new TempDirectory("bazil-acl-");
        var expected = (await Child.RunAsync(() => { }, "/bin/sh", "-ec", $"cd '{local.Path}'\n{script}")).Succeeded();
        Assert.Contains("user:65534:rw-", expected);
        Assert.Equal(expected, await mount.ShellAsync(script));
    }

    [Fact]
    public async Task Access_control_lists_are_checked_by_the_kernel_and_kept_by_the_file_system()
    {
        await using var mount = await StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 24), FuseCapabilities.PosixAcl);
        Assert.True((mount.Mount.Connection.Capabilities & FuseCapabilities.PosixAcl) != 0);
        await mount.PythonAsync("""
            import struct
            entry = lambda tag, perm, who=0xffffffff: struct.pack('<HHI', tag, perm, who)
            acl = struct.pack('<I', 2) + entry(1, 6) + entry(2, 4, 65534) + entry(4, 0) + entry(16, 4) + entry(32, 0)
            open('f', 'w').write('x'); os.chmod('f', 0o640)
            os.setxattr('f', 'system.posix_acl_access', acl)
            assert os.getxattr('f', 'system.posix_acl_access') == acl
            try: os.setxattr('f', 'system.posix_acl_access', acl[:-4]); assert False
            except OSError as e: assert e.errno == errno.EINVAL
            """);
    }

    private Task<TestMount> StartAsync(FuseFileSystem fileSystem, FuseCapabilities capabilities = FuseCapabilities.None) =>
        TestMount.StartAsync(fileSystem, options => options with { Capabilities = options.Capabilities | capabilities }, transport);
}
