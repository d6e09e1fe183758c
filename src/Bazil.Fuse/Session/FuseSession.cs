using System.Diagnostics.CodeAnalysis;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Transport;
using Bazil.Fuse.Transport.Uring;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>
/// One connection from its first message to its last: the threads that read requests, each by its own descriptor or ring, the
/// thread that sends notifications, and the orderly end. The connection ends when the kernel says so (unmounted or aborted).
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "EndAsync disposes what is owned; Completion is its task.")]
internal sealed class FuseSession
{
    private readonly FuseFileSystem _fileSystem;
    private readonly FuseMountOptions _options;
    private readonly FuseLog _log;
    private readonly RequestPool _pool;
    private readonly Notifier _notifier;
    private readonly List<DeviceChannel> _channels;
    private readonly List<Thread> _workers = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<bool> _abort;
    private readonly object _gathering = new();
    private UringTransport? _uring;
    private int _running;

    internal FuseSession(DeviceChannel channel, FuseFileSystem fileSystem, FuseMountOptions options, FuseLog log, Func<bool> abort)
    {
        _channels = [channel];
        _fileSystem = fileSystem;
        _options = options;
        _log = log;
        _abort = abort;
        _pool = new RequestPool(Handshake.DataBytes(options));
        _notifier = new Notifier(channel, log);
        Completion = EndAsync();
    }

    /// <summary>Completes when nothing of the connection is left: threads joined, handlers done, file system destroyed, descriptors closed.</summary>
    internal Task Completion { get; }

    internal Dispatcher? Dispatcher { get; private set; }

    /// <summary>Agrees with the kernel and starts serving. Blocks for the kernel's first message, which mounting sends.</summary>
    internal FuseConnection Start()
    {
        FuseConnection connection;
        try
        {
            connection = Greet();
            _fileSystem.Initialize(connection);
        }
        catch
        {
            _uring?.GiveUp();
            _ended.TrySetResult();
            throw;
        }

        var dispatcher = new Dispatcher(_fileSystem, connection.Capabilities, _options.MapException, _log, _notifier.Retrievals);
        Dispatcher = dispatcher;
        // Over io_uring the device brings only forgets and interrupts.
        var readers = _uring is null ? _options.Workers : 1;
        OpenChannels(readers);
        _notifier.Start();
        _running = readers + (_uring?.QueueCount ?? 0);
        for (var i = 0; i < readers; i++)
        {
            var channel = _channels[Math.Min(i, _channels.Count - 1)];
            var worker = new Thread(() => Work(dispatcher, channel)) { IsBackground = true, Name = "fuse worker" };
            _workers.Add(worker);
        }

        foreach (var worker in _workers) worker.Start();
        _uring?.Start(dispatcher, QueueEnded);
        return connection;
    }

    private FuseConnection Greet()
    {
        var reason = "";
        if (_options.Transport != FuseTransport.Device)
        {
            _uring = UringTransport.TryPrepare(Handshake.DataBytes(_options), _options.Mountpoint, _log, out reason);
            if (_uring is null) StayWithDevice(reason);
        }

        var request = _pool.Rent();
        try
        {
            var connection = Handshake.Perform(_channels[0], request, _options, _notifier, wantsUring: _uring is not null);
            if (_uring is not null) RegisterRings(connection);
            return connection;
        }
        finally
        {
            _pool.Return(request);
        }
    }

    private void RegisterRings(FuseConnection connection)
    {
        var reason = "the kernel does not offer it";
        if (connection.Transport == FuseTransport.Uring)
        {
            var error = _uring!.Register(_channels[0]);
            if (error == Errno.OK) return;
            reason = $"the kernel refused a queue: {error}";
        }

        connection.Transport = FuseTransport.Device;
        _uring!.GiveUp();
        _uring = null;
        StayWithDevice(reason);
    }

    private void StayWithDevice(string reason)
    {
        if (_options.Transport == FuseTransport.Uring)
            throw new FuseMountException(FuseMountFailure.TransportMissing, _options.Mountpoint, $"io_uring cannot be used: {reason}");
        _log(FuseLogLevel.Information, $"{_options.Mountpoint}: served over {DeviceChannel.DevicePath}, not io_uring: {reason}", null);
    }

    private void OpenChannels(int count)
    {
        while (_channels.Count < count)
        {
            var clone = _channels[0].TryClone(out var error);
            if (clone is null)
            {
                _log(FuseLogLevel.Information, $"{_options.Mountpoint}: workers share one descriptor ({DeviceChannel.DevicePath}: {error})", null);
                return;
            }

            _channels.Add(clone);
        }
    }

    private void Work(Dispatcher dispatcher, DeviceChannel channel)
    {
        var request = _pool.Rent();
        try
        {
            while (true)
            {
                var error = channel.Receive(request.Buffer, out var length);
                if (error == Errno.OK)
                {
                    if (!dispatcher.Dispatch(request, channel, length)) request = _pool.Rent();
                    else if (_uring is not null && request.Header.Opcode is (Opcode.Forget or Opcode.BatchForget)) GatherForgets();
                }
                else if (error is not (Errno.EINTR or Errno.EAGAIN or Errno.ENOENT))
                {
                    ReportEnd(error);
                    return;
                }
            }
        }
        catch (Exception exception) // A bug of ours. The other workers go on serving; without any, the connection ends.
        {
            _log(FuseLogLevel.Error, $"{_options.Mountpoint}: a worker failed", exception);
        }
        finally
        {
            _pool.Return(request);
            ThreadEnded();
        }
    }

    /// <summary>Nothing wakes it but the time.</summary>
    private void GatherForgets()
    {
        lock (_gathering) Monitor.Wait(_gathering, FuseLimits.ForgetGatherTime);
    }

    /// <summary>A queue that broke would leave the users of its processor waiting for ever.</summary>
    private void QueueEnded(Exception? failure)
    {
        if (failure is not null)
        {
            _log(FuseLogLevel.Error, $"{_options.Mountpoint}: a queue failed; the connection is aborted", failure);
            if (!_abort()) _log(FuseLogLevel.Error, $"{_options.Mountpoint}: the connection cannot be aborted", null);
        }

        ThreadEnded();
    }

    private void ThreadEnded()
    {
        if (Interlocked.Decrement(ref _running) == 0) _ended.TrySetResult();
    }

    private void ReportEnd(Errno error)
    {
        if (error == Errno.ENODEV) return;
        var level = error == Errno.ECONNABORTED ? FuseLogLevel.Information : FuseLogLevel.Error;
        _log(level, $"{_options.Mountpoint}: the connection ended: {error}", null);
    }

    private async Task EndAsync()
    {
        await _ended.Task;
        foreach (var worker in _workers) worker.Join();
        var allHandlersEnded = true;
        if (Dispatcher is { } dispatcher)
        {
            _uring?.Join();
            allHandlersEnded = await EndHandlersAsync(dispatcher);
            dispatcher.Dispose();
            _notifier.Stop();
            Destroy();
        }

        foreach (var channel in _channels) channel.Dispose();
        _notifier.Dispose();
        _pool.Dispose();
        // The memory of a request that somebody still handles stays his; it is lost, but never somebody else's.
        if (allHandlersEnded) _uring?.Dispose();
    }

    private async Task<bool> EndHandlersAsync(Dispatcher dispatcher)
    {
        var sources = dispatcher.InFlight.EndAll(out var idle);
        foreach (var source in sources) dispatcher.Cancel(source);
        try
        {
            await idle.WaitAsync(FuseLimits.HandlerEndTime);
            return true;
        }
        catch (TimeoutException)
        {
            _log(FuseLogLevel.Error, $"{_options.Mountpoint}: ended without waiting for handlers that ignore their cancellation: {dispatcher.InFlight.Describe()}", null);
            return false;
        }
    }

    private void Destroy()
    {
        try
        {
            _fileSystem.Destroy();
        }
        catch (Exception exception) // The mount is gone all the same; its owner learns of it by the log.
        {
            _log(FuseLogLevel.Error, $"{_options.Mountpoint}: the file system failed to end", exception);
        }
    }
}
