using Bazil.Fuse.Examples;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>Each operation through a real mount, done by a child process.</summary>
public abstract class MemoryFileSystemTests(FuseTransport transport) : IAsyncLifetime
{
    private readonly MemoryFileSystem _memory = new(TimeProvider.System, 1L << 30);
    private TestMount _mount = null!;

    public async ValueTask InitializeAsync() => _mount = await TestMount.StartAsync(_memory, transport: transport);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _mount.DisposeAsync();
        Assert.DoesNotContain(_mount.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Written_bytes_are_read_back() =>
        Assert.Equal("hello", await _mount.ShellAsync("printf hello > f; cat f"));

    [Fact]
    public async Task Data_of_every_size_around_a_chunk_and_a_request_survives_the_page_cache() => await _mount.PythonAsync("""
        import random
        r = random.Random(1)
        for size in [0, 1, 4095, 4096, 4097, 262143, 262144, 262145, 1048575, 1048576, 1048577, 5000000]:
            data = r.randbytes(size)
            open('f', 'wb').write(data)
            fd = os.open('f', os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            got = b''.join(iter(lambda: os.read(fd, 1 << 20), b''))
            assert got == data, size
            os.close(fd)
        """);

    [Fact]
    public async Task A_single_write_of_a_mebibyte_arrives_whole() => await _mount.PythonAsync("""
        data = os.urandom(1 << 20)
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        assert os.pwrite(fd, data, 12345) == len(data)
        assert os.pread(fd, 1 << 20, 12345) == data
        assert os.pread(fd, 10, 0) == bytes(10)
        """);

    [Fact]
    public async Task Truncation_shortens_and_lengthens_with_zeros() => await _mount.PythonAsync("""
        open('f', 'wb').write(b'x' * 300000)
        os.truncate('f', 5)
        assert open('f', 'rb').read() == b'xxxxx'
        os.truncate('f', 300000)
        assert open('f', 'rb').read() == b'xxxxx' + bytes(299995)
        open('f', 'wb').close()
        assert os.stat('f').st_size == 0
        """);

    [Fact]
    public async Task Unlinked_open_file_keeps_its_data()
    {
        await _mount.PythonAsync("""
            fd = os.open('f', os.O_RDWR | os.O_CREAT)
            os.write(fd, b'still here')
            os.unlink('f')
            assert os.listdir('.') == []
            assert os.fstat(fd).st_nlink == 0
            assert os.pread(fd, 100, 0) == b'still here'
            os.pwrite(fd, b'S', 0)
            assert os.pread(fd, 100, 0) == b'Still here'
            """);
    }

    [Fact]
    public async Task A_file_replaced_by_rename_keeps_its_data_for_those_who_have_it_open() => await _mount.PythonAsync("""
        open('old', 'w').write('old'); open('new', 'w').write('new')
        f = open('old')
        os.rename('new', 'old')
        assert f.read() == 'old' and open('old').read() == 'new' and os.listdir('.') == ['old']
        """);

    [Fact]
    public async Task Hard_links_share_inode_and_count() => await _mount.PythonAsync("""
        open('a', 'w').write('x')
        os.link('a', 'b')
        assert os.stat('a').st_ino == os.stat('b').st_ino and os.stat('a').st_nlink == 2
        open('b', 'a').write('y')
        assert open('a').read() == 'xy'
        os.unlink('a')
        assert os.stat('b').st_nlink == 1 and open('b').read() == 'xy'
        """);

    [Fact]
    public async Task Symbolic_links_keep_their_target_of_any_length() => await _mount.PythonAsync("""
        for n in (1, 255, 4095):
            os.symlink('t' * n, 'l'); assert os.readlink('l') == 't' * n; os.unlink('l')
        try: os.symlink('t' * 4096, 'l'); assert False
        except OSError as e: assert e.errno == errno.ENAMETOOLONG
        """);

    [Fact]
    public async Task Nodes_of_every_type_can_be_made() => await _mount.PythonAsync("""
        import socket
        os.mkfifo('fifo'); assert stat.S_ISFIFO(os.stat('fifo').st_mode)
        os.mknod('char', stat.S_IFCHR | 0o600, os.makedev(1, 300)); s = os.stat('char')
        assert stat.S_ISCHR(s.st_mode) and (os.major(s.st_rdev), os.minor(s.st_rdev)) == (1, 300)
        os.mknod('file', stat.S_IFREG | 0o640); assert os.stat('file').st_mode == stat.S_IFREG | 0o640
        s = socket.socket(socket.AF_UNIX); s.bind('sock'); assert stat.S_ISSOCK(os.stat('sock').st_mode)
        """);

    [Fact]
    public async Task Directories_count_their_links_and_refuse_to_go_while_full() => await _mount.PythonAsync("""
        os.mkdir('d'); os.mkdir('d/e'); assert os.stat('d').st_nlink == 3
        try: os.rmdir('d'); assert False
        except OSError as e: assert e.errno == errno.ENOTEMPTY
        os.rename('d/e', 'e'); assert os.stat('d').st_nlink == 2 and os.stat('.').st_nlink == 4
        os.rmdir('d'); os.rmdir('e'); assert os.listdir('.') == []
        """);

    [Fact]
    public async Task Rename_flags_are_obeyed() => await _mount.PythonAsync("""
        libc = ctypes.CDLL(None, use_errno=True)
        def rename(a, b, flags):
            return 0 if libc.renameat2(-100, a, -100, b, flags) == 0 else ctypes.get_errno()
        open('a', 'w').write('A'); os.mkdir('d'); open('d/x', 'w').write('X')
        assert rename(b'a', b'd', 1) == errno.EEXIST
        assert rename(b'a', b'n', 1) == 0 and os.path.exists('n') and not os.path.exists('a')
        assert rename(b'n', b'd', 2) == 0 and open('d').read() == 'A' and open('n/x').read() == 'X'
        assert rename(b'n', b'missing', 2) == errno.ENOENT
        assert rename(b'd', b'w', 4) == errno.EINVAL
        """);

    [Fact]
    public async Task Extended_attributes_are_set_listed_and_removed() => await _mount.PythonAsync("""
        open('f', 'w').close()
        os.setxattr('f', 'user.a', b'1'); os.setxattr('f', 'user.big', b'x' * 65536); os.setxattr('f', 'user.empty', b'')
        assert os.getxattr('f', 'user.a') == b'1' and len(os.getxattr('f', 'user.big')) == 65536 and os.getxattr('f', 'user.empty') == b''
        assert sorted(os.listxattr('f')) == ['user.a', 'user.big', 'user.empty']
        def fails(number, call):
            try: call(); assert False
            except OSError as e: assert e.errno == number, e
        fails(errno.EEXIST, lambda: os.setxattr('f', 'user.a', b'2', os.XATTR_CREATE))
        fails(errno.ENODATA, lambda: os.setxattr('f', 'user.b', b'2', os.XATTR_REPLACE))
        os.removexattr('f', 'user.a')
        fails(errno.ENODATA, lambda: os.getxattr('f', 'user.a'))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.getxattr(b'f', b'user.big', ctypes.create_string_buffer(10), 10) == -1 and ctypes.get_errno() == errno.ERANGE
        """);

    [Fact]
    public async Task Modes_owners_and_times_are_kept() => await _mount.PythonAsync("""
        open('f', 'w').close()
        os.chmod('f', 0o4751); os.chown('f', 12, 34); os.utime('f', ns=(1_234_567_890_123_456_789, -5_000_000_001))
        s = os.stat('f')
        assert (stat.S_IMODE(s.st_mode) & 0o777, s.st_uid, s.st_gid) == (0o751, 12, 34)
        assert (s.st_atime_ns, s.st_mtime_ns) == (1_234_567_890_123_456_789, -5_000_000_001)
        before = time.time() - 5
        os.utime('f'); assert os.stat('f').st_mtime > before
        """);

    [Fact]
    public async Task A_large_directory_is_listed_once_whatever_happens_meanwhile() => await _mount.PythonAsync("""
        os.mkdir('d')
        for i in range(3000): open(f'd/{i:05d}', 'w').close()
        names = [e.name for e in os.scandir('d') if e.stat().st_size == 0]
        assert sorted(names) == [f'{i:05d}' for i in range(3000)]
        seen = []
        with os.scandir('d') as it:
            for e in it:
                seen.append(e.name); os.unlink('d/' + e.name)
        assert sorted(seen) == sorted(names) and os.listdir('d') == []
        """);

    [Fact]
    public async Task Names_are_bytes() => await _mount.PythonAsync("""
        names = [b'\xff\xfe', b' ', b'new\nline', b'x' * 255, 'ü'.encode()]
        for n in names: open(n, 'w').close()
        assert sorted(os.listdir(b'.')) == sorted(names)
        try: open(b'x' * 256, 'w'); assert False
        except OSError as e: assert e.errno == errno.ENAMETOOLONG
        """);

    [Fact]
    public async Task Holes_can_be_found_and_punched() => await _mount.PythonAsync("""
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        os.pwrite(fd, b'a', 0); os.pwrite(fd, b'b', 1 << 20)
        assert os.lseek(fd, 0, os.SEEK_HOLE) == 262144 and os.lseek(fd, 262144, os.SEEK_DATA) == 1 << 20
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.fallocate(fd, 3, ctypes.c_long(1 << 20), ctypes.c_long(262144)) == 0
        assert os.pread(fd, 1, 1 << 20) == b'\0' and os.fstat(fd).st_size == (1 << 20) + 1
        assert libc.fallocate(fd, 0, ctypes.c_long(0), ctypes.c_long(1 << 21)) == 0 and os.fstat(fd).st_size == 1 << 21
        """);

    [Fact]
    public async Task A_temporary_file_without_name_can_be_given_one() => await _mount.PythonAsync("""
        fd = os.open('.', os.O_TMPFILE | os.O_RDWR)
        os.write(fd, b'tmp'); assert os.listdir('.') == [] and os.fstat(fd).st_nlink == 0
        assert ctypes.CDLL(None).linkat(-100, f'/proc/self/fd/{fd}'.encode(), -100, b'named', 0x400) == 0
        assert open('named').read() == 'tmp'
        """);

    [Fact]
    public async Task Copying_sync_access_and_statfs_work() => await _mount.PythonAsync("""
        open('f', 'wb').write(b'z' * 100000)
        a, b = os.open('f', os.O_RDONLY), os.open('g', os.O_RDWR | os.O_CREAT)
        assert os.copy_file_range(a, b, 100000) == 100000 and open('g', 'rb').read() == b'z' * 100000
        os.fsync(b); os.fdatasync(b); d = os.open('.', os.O_RDONLY); os.fsync(d)
        assert os.access('f', os.R_OK) and not os.access('f', os.X_OK)
        s = os.statvfs('.'); assert s.f_blocks * s.f_frsize == 1 << 30 and s.f_namemax == 255 and 0 < s.f_bavail < s.f_blocks
        """);

    [Fact]
    public async Task A_full_file_system_says_so_and_goes_on() => await _mount.PythonAsync("""
        fd = os.open('f', os.O_WRONLY | os.O_CREAT)
        try:
            while True: os.write(fd, bytes(1 << 20))
        except OSError as e: assert e.errno == errno.ENOSPC
        os.close(fd); os.unlink('f')
        while os.statvfs('.').f_bavail < 1000: pass # The kernel tells of the end of a file a little later.
        open('g', 'w').write('room again'); assert open('g').read() == 'room again'
        """);

    [Fact]
    public async Task A_shared_memory_map_writes_the_file() => await _mount.PythonAsync("""
        import mmap
        open('f', 'wb').write(bytes(8192))
        with open('f', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
            m[5000:5005] = b'mmap!'; m.flush()
        assert open('f', 'rb').read()[5000:5005] == b'mmap!'
        """);

    [Fact]
    public async Task Nothing_is_kept_of_what_was_removed()
    {
        await _mount.ShellAsync("mkdir -p a/b; for i in 1 2 3 4 5 6 7 8; do echo $i > a/b/$i; done; cat a/b/* > /dev/null; rm -r a");
        // The kernel sends its last FORGETs behind the call; another look-up is answered after them only by chance, so drop them.
        await _mount.ShellAsync("echo 2 > /proc/sys/vm/drop_caches; ls > /dev/null");
        for (var tries = 0; _memory.InodeCount > 1 && tries < 50; tries++) await _mount.ShellAsync("ls > /dev/null");
        Assert.Equal(1, _memory.InodeCount);
    }

    [Fact]
    public async Task Many_threads_in_one_directory_do_not_disturb_each_other() => await _mount.PythonAsync("""
        errors = []
        def work(i):
            try:
                for j in range(30):
                    n = f'{i}-{j}'
                    open(n, 'w').write(n); assert open(n).read() == n
                    os.rename(n, n + 'r'); os.listdir('.'); os.unlink(n + 'r')
            except Exception as e: errors.append(repr(e))
        ts = [threading.Thread(target=work, args=(i,)) for i in range(32)]
        [t.start() for t in ts]; [t.join() for t in ts]
        assert not errors, errors[:3]
        assert os.listdir('.') == []
        """);
}
