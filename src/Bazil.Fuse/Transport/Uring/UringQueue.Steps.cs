using System.Runtime.InteropServices;
using Bazil.Fuse.Session;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Transport.Uring;

/// <summary>
/// The life of the queue's thread, step by step, because the ring belongs to that thread and the kernel wants the rings
/// of all processors before it uses one: make the ring, register entries, serve.
/// </summary>
internal sealed unsafe partial class UringQueue
{
    private readonly Thread _thread;

    // Each step is begun by the thread that sets the transport up and ended by the queue's own.
    private readonly SemaphoreSlim _step = new(0);
    private readonly SemaphoreSlim _stepDone = new(0);

    /// <summary>Requests that came before there was anybody to handle them.</summary>
    private readonly List<UringAbi.Completion> _early = [];
    private Errno _outcome;
    private Dispatcher? _dispatcher;
    private Action<Exception?>? _ended;

    /// <summary>Starts the thread, which makes its ring.</summary>
    internal Errno Prepare()
    {
        _thread.Start();
        _stepDone.Wait();
        return _outcome;
    }

    /// <summary>Lends the kernel the first entries. It sends no request before every queue has some.</summary>
    internal Errno Register(DeviceChannel device)
    {
        _device = device;
        _step.Release();
        _stepDone.Wait();
        return _outcome;
    }

    /// <summary>Lets requests in. <paramref name="ended"/> is called by the thread when it has come to its end, with what broke it.</summary>
    internal void Start(Dispatcher dispatcher, Action<Exception?> ended)
    {
        _dispatcher = dispatcher;
        _ended = ended;
        _step.Release();
    }

    /// <summary>Ends a thread that was not started to serve.</summary>
    internal void GiveUp()
    {
        _open = false;
        _step.Release();
        _thread.Join();
    }

    internal void Join() => _thread.Join();

    private void Run()
    {
        Exception? failure = null;
        try
        {
            if (!Step(MakeRing()) || !Step(RegisterEntries())) return;
            Serve(_dispatcher!);
        }
        catch (Exception exception) // A bug of ours. Whoever waits for this processor would wait for ever: the session ends the connection.
        {
            failure = exception;
            _outcome = Errno.EIO;
        }
        finally
        {
            Close();
            if (_ended is { } ended) ended(failure);
            else _stepDone.Release();
        }
    }

    /// <summary>Ends a step and waits for the next; false when there is to be none.</summary>
    private bool Step(Errno outcome)
    {
        _outcome = outcome;
        if (outcome != Errno.OK) return false;
        _stepDone.Release();
        _step.Wait();
        return _open;
    }

    private Errno MakeRing()
    {
        _threadId = Environment.CurrentManagedThreadId;
        Pin();
        var descriptor = Libc.EventFd(0, Libc.EFD_CLOEXEC);
        if (descriptor < 0) return Libc.LastError;
        _eventFile = new SafeFileHandle(descriptor, ownsHandle: true);
        _eventValue = (ulong*)NativeMemory.AllocZeroed(sizeof(ulong));
        var ring = Ring.TryCreate(SubmissionPlaces, FuseLimits.MaxUringEntries * 2, out var error);
        if (ring is not null) _ring = ring;
        return error;
    }

    private Errno RegisterEntries()
    {
        for (var i = 0; i < _freeEntries; i++) StageRegister();
        StageWakeUp();
        var error = _ring.SubmitAndPeek();
        // A refused entry completes at once; an accepted one when a request comes, and the first entry of the last queue lets requests in.
        while (error == Errno.OK && _ring.TryTake(out var completion))
        {
            if (completion.Result < 0) error = (Errno)(-completion.Result);
            else _early.Add(completion);
        }

        return error;
    }

    /// <summary>A processor that is offline cannot be pinned to, and sends nothing either.</summary>
    private void Pin()
    {
        Span<byte> mask = stackalloc byte[FuseLimits.MaxUringQueues / 8];
        mask.Clear();
        mask[_processor / 8] = (byte)(1 << (_processor % 8));
        fixed (byte* start = mask) _ = Libc.SetAffinity(0, (nuint)mask.Length, start);
    }

    private void Close()
    {
        lock (_closing)
        {
            _open = false;
            _eventFile?.Dispose();
        }

        _ring?.Dispose();
        NativeMemory.Free(_eventValue);
        _eventValue = null;
    }
}
