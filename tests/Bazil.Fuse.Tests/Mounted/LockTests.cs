using Bazil.Fuse.Examples;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>Locks that the file system keeps, taken by processes through a mount.</summary>
public abstract class LockTests(FuseTransport transport) : IAsyncLifetime
{
    private static readonly TimeSpan ReleaseTime = TimeSpan.FromSeconds(60);

    private readonly MemoryFileSystem _memory = new(TimeProvider.System, 1 << 24);
    private TestMount _mount = null!;

    public async ValueTask InitializeAsync() => _mount = await TestMount.StartAsync(
        _memory,
        options => options with { Capabilities = FuseCapabilities.Default | FuseCapabilities.PosixLocks | FuseCapabilities.FlockLocks },
        transport);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);

        // The kernel sends the RELEASE that ends a flock without keeping the close, or the end of the process, waiting for it.
        SpinWait.SpinUntil(() => _memory.LockedFileCount == 0, ReleaseTime);
        Assert.Equal(0, _memory.LockedFileCount);
        await _mount.DisposeAsync();
        Assert.Equal("", string.Join("\n", _mount.Log.Take(3)));
    }

    [Fact]
    public async Task A_posix_lock_excludes_other_processes_by_range_and_names_its_holder() => await _mount.PythonAsync("""
        import struct
        fd = os.open('f', os.O_RDWR | os.O_CREAT); os.write(fd, bytes(100))
        fcntl.lockf(fd, fcntl.LOCK_EX, 10, 10)
        holder = os.getpid()
        if os.fork() == 0:
            other = os.open('f', os.O_RDWR)
            fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 0)
            for start, length in ((10, 1), (19, 1), (0, 100)):
                try: fcntl.lockf(other, fcntl.LOCK_SH | fcntl.LOCK_NB, length, start); os._exit(1)
                except BlockingIOError: pass
            fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
            asked = struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 0, 0)
            kind, _, start, length, pid = struct.unpack('hhqqi', fcntl.fcntl(other, fcntl.F_GETLK, asked))
            os._exit(0 if (kind, start, length, pid) == (fcntl.F_WRLCK, 10, 10, holder) else 2)
        assert os.wait()[1] == 0
        """);

    [Fact]
    public async Task Any_close_by_the_process_gives_its_posix_locks_up() => await _mount.PythonAsync("""
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        os.close(os.open('f', os.O_RDONLY))
        if os.fork() == 0:
            fcntl.lockf(os.open('f', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB); os._exit(0)
        assert os.wait()[1] == 0
        """);

    [Fact]
    public async Task A_waiter_gets_the_lock_when_its_holder_lets_go() => await _mount.PythonAsync("""
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        r, w = os.pipe()
        if os.fork() == 0:
            other = os.open('f', os.O_RDWR)
            os.write(w, b'x')
            fcntl.lockf(other, fcntl.LOCK_EX); os.write(w, b'y'); os._exit(0)
        assert os.read(r, 1) == b'x'
        import select
        assert select.select([r], [], [], 0.3)[0] == []
        fcntl.lockf(fd, fcntl.LOCK_UN)
        assert os.read(r, 1) == b'y' and os.wait()[1] == 0
        """);

    [Fact]
    public async Task A_signal_ends_the_wait() => await _mount.PythonAsync("""
        class Alarm(Exception): pass
        def ring(*_): raise Alarm
        for take in (fcntl.lockf, fcntl.flock):
            fd = os.open('f', os.O_RDWR | os.O_CREAT)
            take(fd, fcntl.LOCK_EX)
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGALRM, ring)
                other = os.open('f', os.O_RDWR)
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                try: take(other, fcntl.LOCK_EX); os._exit(1)
                except Alarm: os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            os.close(fd)
        """);

    [Fact]
    public async Task Of_two_who_wait_for_each_other_one_is_told() => await _mount.PythonAsync("""
        def told(fd):
            try: fcntl.lockf(fd, fcntl.LOCK_EX); return False
            except OSError as e: assert e.errno == errno.EDEADLK, e; return True
        a, b = (os.open(n, os.O_RDWR | os.O_CREAT) for n in 'ab')
        fcntl.lockf(a, fcntl.LOCK_EX)
        r, w = os.pipe()
        if os.fork() == 0:
            a, b = (os.open(n, os.O_RDWR) for n in 'ab')
            fcntl.lockf(b, fcntl.LOCK_EX); os.write(w, b'x')
            os._exit(3 if told(a) else 0)
        assert os.read(r, 1) == b'x'
        mine = told(b)
        fcntl.lockf(a, fcntl.LOCK_UN)
        assert (mine, os.waitstatus_to_exitcode(os.wait()[1])) in ((True, 0), (False, 3))
        """);

    [Fact]
    public async Task A_flock_belongs_to_the_open_file_and_ends_with_it() => await _mount.PythonAsync("""
        a, b = os.open('f', os.O_RDWR | os.O_CREAT), os.open('f', os.O_RDWR)
        fcntl.flock(a, fcntl.LOCK_SH); fcntl.flock(b, fcntl.LOCK_SH)
        try: fcntl.flock(a, fcntl.LOCK_EX | fcntl.LOCK_NB); assert False
        except BlockingIOError: pass
        os.close(b)
        fcntl.flock(a, fcntl.LOCK_EX)
        fcntl.lockf(a, fcntl.LOCK_EX)
        twin = os.dup(a); os.close(a)
        c = os.open('f', os.O_RDWR)
        try: fcntl.flock(c, fcntl.LOCK_SH | fcntl.LOCK_NB); assert False
        except BlockingIOError: pass
        os.close(twin)
        fcntl.flock(c, fcntl.LOCK_EX)
        """);

    [Fact]
    public async Task Many_waiters_do_not_keep_other_requests_out() => await _mount.PythonAsync("""
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        fcntl.flock(fd, fcntl.LOCK_EX)
        got = []
        def wait():
            mine = os.open('f', os.O_RDWR); fcntl.flock(mine, fcntl.LOCK_SH); got.append(1); os.close(mine)
        ts = [threading.Thread(target=wait) for _ in range(100)]
        [t.start() for t in ts]
        for i in range(200): open(f'g{i}', 'w').write('x')
        assert got == [] and len(os.listdir('.')) == 201
        fcntl.flock(fd, fcntl.LOCK_UN)
        [t.join() for t in ts]
        assert len(got) == 100
        """);
}
