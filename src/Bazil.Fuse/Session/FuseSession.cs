using System.Diagnostics.CodeAnalysis;
using Bazil.Fuse.Transport;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>
/// One connection from its first message to its last: the threads that read requests, each by its own descriptor, the
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
    private int _running;

    internal FuseSession(DeviceChannel channel, FuseFileSystem fileSystem, FuseMountOptions options, FuseLog log)
    {
        _channels = [channel];
        _fileSystem = fileSystem;
        _options = options;
        _log = log;
        _pool = new RequestPool(Handshake.DataBytes(options));
        _notifier = new Notifier(channel, log);
        Completion = EndAsync();
    }

    /// <summary>Completes when nothing of the connection is left: threads joined, handlers done, file system destroyed, descriptors closed.</summary>
    internal Task Completion { get; }

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
            _ended.TrySetResult();
            throw;
        }

        var dispatcher = new Dispatcher(_fileSystem, connection.Capabilities, _pool, _options.MapException, _log);
        Dispatcher = dispatcher;
        OpenChannels();
        _notifier.Start();
        _running = _options.Workers;
        for (var i = 0; i < _options.Workers; i++)
        {
            var channel = _channels[Math.Min(i, _channels.Count - 1)];
            var worker = new Thread(() => Work(dispatcher, channel)) { IsBackground = true, Name = "fuse worker" };
            _workers.Add(worker);
        }

        foreach (var worker in _workers) worker.Start();
        return connection;
    }

    internal Dispatcher? Dispatcher { get; private set; }

    private FuseConnection Greet()
    {
        var request = _pool.Rent();
        try
        {
            return Handshake.Perform(_channels[0], request, _options, _notifier);
        }
        finally
        {
            _pool.Return(request);
        }
    }

    private void OpenChannels()
    {
        while (_channels.Count < _options.Workers)
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
            if (Interlocked.Decrement(ref _running) == 0) _ended.TrySetResult();
        }
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
        if (Dispatcher is { } dispatcher)
        {
            var sources = dispatcher.InFlight.EndAll(out var idle);
            foreach (var source in sources) dispatcher.Cancel(source);
            await idle;
            _notifier.Stop();
            Destroy();
        }

        foreach (var channel in _channels) channel.Dispose();
        _notifier.Dispose();
        _pool.Dispose();
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
