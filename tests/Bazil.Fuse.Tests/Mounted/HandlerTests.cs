using System.Globalization;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

public abstract class HandlerTests(FuseTransport transport)
{
    [Fact]
    public async Task A_read_that_waits_is_interrupted_by_a_signal()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fileSystem = new ScriptedFileSystem { OnRead = WaitForEver };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        var output = await mount.PythonAsync("""
            class Alarm(Exception): pass
            def ring(*_): raise Alarm
            signal.signal(signal.SIGALRM, ring)
            fd = os.open('f', os.O_RDONLY)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            try: os.read(fd, 100); print('read')
            except Alarm: print('interrupted')
            """);
        Assert.Equal("interrupted", output);
        await cancelled.Task;
        Assert.Empty(mount.Log);

        async ValueTask<Reply<FuseReadResult>> WaitForEver(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                return Errno.EIO;
            }
            catch (OperationCanceledException)
            {
                cancelled.TrySetResult();
                throw;
            }
        }
    }

    [Fact]
    public async Task A_handler_that_blocks_its_thread_is_interrupted_through_another()
    {
        var fileSystem = new ScriptedFileSystem
        {
            OnRead = (_, cancellationToken) => new(cancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(20)) ? Errno.EINTR : Errno.EIO),
        };
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        await mount.PythonAsync("""
            fd = os.open('f', os.O_RDONLY)
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.siginterrupt(signal.SIGALRM, True)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.read(fd, ctypes.create_string_buffer(9), 9) == -1 and ctypes.get_errno() == errno.EINTR
            """);
    }

    [Fact]
    public async Task An_exception_is_EIO_and_logged_and_the_mount_goes_on()
    {
        var fileSystem = new ScriptedFileSystem();
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        const string read = "fd = os.open('f', os.O_RDONLY)\ntry: print(os.read(fd, 9).decode())\nexcept OSError as e: print(errno.errorcode[e.errno])";

        fileSystem.OnRead = (_, _) => throw new InvalidOperationException("thrown at once");
        Assert.Equal("EIO", await mount.PythonAsync(read));
        fileSystem.OnRead = async (_, _) =>
        {
            await Task.Yield();
            throw new InvalidOperationException("thrown later");
        };
        Assert.Equal("EIO", await mount.PythonAsync(read));
        Assert.Collection(mount.Log, line => Assert.Contains("thrown at once", line), line => Assert.Contains("thrown later", line));
        fileSystem.OnRead = (_, _) => new(default(Reply<FuseReadResult>));
        Assert.Equal("EIO", await mount.PythonAsync(read));
        Assert.Contains("nobody filled in", mount.Log[^1]);
        fileSystem.OnRead = (buffer, _) => new(FuseReadResult.Filled(buffer.Length + 1));
        Assert.Equal("EIO", await mount.PythonAsync(read));
        fileSystem.OnRead = (buffer, _) => new(ScriptedFileSystem.Fill(buffer, "alive"));
        Assert.Equal("alive", await mount.PythonAsync(read));
    }

    [Fact]
    public async Task Known_exceptions_become_the_errno_they_are_mapped_to()
    {
        var fileSystem = new ScriptedFileSystem { OnRead = (_, _) => throw new IOException("the disk is full") };
        await using var mount = await TestMount.StartAsync(
            fileSystem, options => options with { MapException = exception => exception is IOException ? Errno.ENOSPC : null }, transport);
        Assert.Equal("ENOSPC", await mount.PythonAsync("""
            fd = os.open('f', os.O_RDONLY)
            try: os.read(fd, 9)
            except OSError as e: print(errno.errorcode[e.errno])
            """));
        Assert.Empty(mount.Log);
    }

    [Fact]
    public async Task One_thread_serves_many_handlers_that_wait()
    {
        const int readers = 100;
        var arrived = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fileSystem = new ScriptedFileSystem
        {
            OnRead = async (buffer, _) =>
            {
                var number = Interlocked.Increment(ref arrived);
                if (number == readers) all.SetResult();
                await all.Task;
                return ScriptedFileSystem.Fill(buffer, number.ToString(CultureInfo.InvariantCulture));
            },
        };
        await using var mount = await TestMount.StartAsync(fileSystem, options => options with { Workers = 1 }, transport);
        await mount.PythonAsync($$"""
            got = []
            def read(): got.append(int(os.read(os.open('f', os.O_RDONLY), 10)))
            ts = [threading.Thread(target=read) for _ in range({{readers}})]
            [t.start() for t in ts]; [t.join() for t in ts]
            assert sorted(got) == list(range(1, {{readers}} + 1)), got
            """);
    }

    [Fact]
    public async Task A_request_that_is_sent_again_is_answered_by_its_second_handler_only()
    {
        Assert.SkipWhen(transport == FuseTransport.Uring, "the kernel sends again only what was read from the device");
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fileSystem = new ScriptedFileSystem();
        fileSystem.OnRead = (buffer, _) => fileSystem.ResentReads == 0 ? First(buffer) : new(ScriptedFileSystem.Fill(buffer, "second"));
        await using var mount = await TestMount.StartAsync(
            fileSystem, options => options with { Capabilities = options.Capabilities | FuseCapabilities.Resend }, transport);
        Assert.SkipUnless((mount.Mount.Connection.Capabilities & FuseCapabilities.Resend) != 0, "the kernel is older than 6.9");
        using var child = mount.StartPython("print(os.read(os.open('f', os.O_RDONLY), 100).decode())");
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(Errno.OK, await mount.Mount.Notifier.Resend());
        Assert.Equal("second", (await mount.FinishAsync(child)).Succeeded());
        release.SetResult();
        await mount.DisposeAsync();
        Assert.Equal((2, 1), (fileSystem.Reads, fileSystem.ResentReads));
        Assert.Empty(mount.Log);

        async ValueTask<Reply<FuseReadResult>> First(Memory<byte> buffer)
        {
            arrived.SetResult();
            await release.Task;
            return ScriptedFileSystem.Fill(buffer, "first");
        }
    }

    [Fact]
    public async Task Lookups_that_wait_for_one_another_all_arrive()
    {
        const int lookups = 200;
        var arrived = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fileSystem = new ScriptedFileSystem
        {
            BeforeLookup = () =>
            {
                if (Interlocked.Increment(ref arrived) == lookups) all.SetResult();
                return all.Task;
            },
        };
        // No file is known to the kernel, and all come from one processor, in bursts that outrun the thread which serves it.
        await using var mount = await TestMount.StartAsync(fileSystem, transport: transport);
        await mount.PythonAsync($$"""
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            children = []
            for i in range({{lookups}}):
                child = os.fork()
                if child == 0: os.path.exists(f'name{i}'); os._exit(0)
                children.append(child)
            assert all(os.waitpid(child, 0)[1] == 0 for child in children)
            """);
        Assert.Equal(lookups, fileSystem.Lookups);
    }
}
