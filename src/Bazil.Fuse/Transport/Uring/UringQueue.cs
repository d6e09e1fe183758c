using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Session;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Transport.Uring;

/// <summary>
/// The requests of one processor: a ring and the thread, pinned to that processor, that alone may touch it. Handlers run on
/// it; a handler that completes elsewhere leaves its entry in a list and wakes the thread, which hands the answer over.
/// </summary>
/// <remarks>
/// An entry stays occupied until its request is answered. So that handlers that wait (for a lock, for the network) never
/// keep other requests out, the thread lends the kernel a further entry for each of them. The kernel does not look for
/// requests that found none when it is lent an entry, only when it is given an answer; so there are as many free entries as
/// a burst may use up, and should that not suffice, the thread asks the kernel a question about a file. The answer comes as
/// a request, and answering that makes it look. (It takes such questions about regular files only.)
/// </remarks>
internal sealed unsafe partial class UringQueue : IDisposable
{
    private const ulong WakeUp = ulong.MaxValue;

    /// <summary>The kernel finds answers by number; its own are far below, those of <see cref="Retrievals"/> below too, and bit 0 means an interrupt.</summary>
    private const ulong KickNumbers = 1UL << 62;

    /// <summary>A power of two; more answers and entries than that at a time are handed over in parts.</summary>
    private const uint SubmissionPlaces = 64;

    private readonly ushort _processor;
    private readonly int _payloadBytes;
    private readonly int _freeEntries;
    private readonly string _name;
    private readonly FuseLog _log;
    private readonly List<UringEntry> _entries = [];
    private readonly ConcurrentQueue<UringEntry> _completedElsewhere = new();

    /// <summary>Guards <see cref="_eventFile"/> against being closed while it is written to. A leaf.</summary>
    private readonly Lock _closing = new();
    private Ring _ring = null!;
    private SafeFileHandle _eventFile = null!;
    private DeviceChannel _device = null!;
    private int _threadId;
    private int _lent;
    private uint _kicks;

    /// <summary>The file of the last request about one, for questions; none once the kernel has refused to answer.</summary>
    private FuseNodeId _knownFile;
    private int _wakePending;
    private long _firstStaged;
    private bool _full;
    private ulong* _eventValue;
    private volatile bool _open = true;

    internal UringQueue(int processor, int freeEntries, int payloadBytes, string name, FuseLog log)
    {
        _processor = (ushort)processor;
        _freeEntries = freeEntries;
        _payloadBytes = payloadBytes;
        _name = name;
        _log = log;
        _thread = new Thread(Run) { IsBackground = true, Name = "fuse queue" };
    }

    /// <summary>Answers still reach the kernel.</summary>
    internal bool IsOpen => _open;

    /// <summary>The request of an entry is over; its answer goes to the kernel. For any thread.</summary>
    internal void Commit(UringEntry entry)
    {
        if (Environment.CurrentManagedThreadId == _threadId)
        {
            StageCommit(entry);
            return;
        }

        _completedElsewhere.Enqueue(entry);
        if (Interlocked.Exchange(ref _wakePending, 1) != 0) return;
        lock (_closing)
        {
            if (!_open) return;
            var one = 1ul;
            _ = Libc.Write(_eventFile, (byte*)&one, sizeof(ulong)); // Fails only when it is full, and then the thread wakes as well.
        }
    }

    /// <summary>Frees the memory that requests lie in. When the thread has ended and no handler runs any more.</summary>
    public void Dispose()
    {
        foreach (var entry in _entries) entry.Dispose();
        _entries.Clear();
        _step.Dispose();
        _stepDone.Dispose();
    }

    /// <summary>Serves until the connection ends.</summary>
    private void Serve(Dispatcher dispatcher)
    {
        foreach (var completion in _early)
        {
            if (!Handle(dispatcher, completion)) return;
        }

        while (true)
        {
            TakeCompletedElsewhere();
            if (LendMore() && _entries.Count - _lent >= FuseLimits.CrowdedUringEntries) Kick();
            var error = _ring.SubmitAndWait();
            if (error != Errno.OK) throw new UnixException(error, "wait for", $"the ring of processor {_processor}");
            while (_ring.TryTake(out var completion))
            {
                if (!Handle(dispatcher, completion)) return;
            }
        }
    }

    /// <summary>False when the connection has ended.</summary>
    private bool Handle(Dispatcher dispatcher, in UringAbi.Completion completion)
    {
        if (completion.UserData == WakeUp)
        {
            Volatile.Write(ref _wakePending, 0);
            StageWakeUp();
            return true;
        }

        var entry = _entries[(int)completion.UserData];
        _lent--;
        if (completion.Result < 0) return LostEntry(entry, (Errno)(-completion.Result));
        entry.IsRegistered = true;
        FlushBefore(entry.Opcode);
        if (!entry.TryBegin()) _log(FuseLogLevel.Error, $"{_name}: a request from the kernel has no valid header", null);
        else if (!DispatchAt(dispatcher, entry)) return true; // Its handler goes on and the entry comes back by Commit.
        StageCommit(entry);
        return true;
    }

    private bool DispatchAt(Dispatcher dispatcher, UringEntry entry)
    {
        if (entry.Request.Header.Opcode is Opcode.Open or Opcode.Read or Opcode.Write or Opcode.Flush or Opcode.Fsync or Opcode.SetLockWait)
            _knownFile = entry.Request.Node;
        return dispatcher.Dispatch(entry.Request);
    }

    /// <summary>The kernel gave an entry back without a request. True when it is the loss of this entry only.</summary>
    private bool LostEntry(UringEntry entry, Errno error)
    {
        if (error is Errno.ENOTCONN or Errno.ECONNABORTED or Errno.ENODEV or Errno.ECANCELED) return false;
        _log(FuseLogLevel.Error, $"{_name}: the kernel refused an entry of the queue of processor {_processor}: {error}", null);
        if (!entry.IsRegistered) _full = true;
        return true;
    }

    /// <summary>
    /// Several requests that are there at a time are answered by one call. But an answer does not wait behind a handler
    /// that may take long.
    /// </summary>
    private void FlushBefore(Opcode next)
    {
        if (!_ring.HasStaged) return;
        var isQuick = next is Opcode.Lookup or Opcode.GetAttr or Opcode.Open or Opcode.Release or Opcode.OpenDirectory or Opcode.ReleaseDirectory;
        if (isQuick && Stopwatch.GetElapsedTime(_firstStaged) < FuseLimits.UringBatchTime) return;
        _ = _ring.Submit(); // A failure comes again with the next wait.
    }

    private void TakeCompletedElsewhere()
    {
        while (_completedElsewhere.TryDequeue(out var entry)) StageCommit(entry);
    }

    private bool LendMore()
    {
        var lent = false;
        while (_lent < _freeEntries && !_full)
        {
            if (_entries.Count == FuseLimits.MaxUringEntries)
            {
                _full = true;
                _log(FuseLogLevel.Warning, $"{_name}: {_entries.Count} requests of processor {_processor} wait for their handlers; further ones wait for them", null);
                break;
            }

            StageRegister();
            lent = true;
        }

        return lent;
    }

    /// <summary>Makes the kernel look for requests that found no entry: asks for no bytes of a file, which it answers by way of this processor's queue.</summary>
    private void Kick()
    {
        if (_knownFile.IsNone) return;
        _ = _ring.Submit(); // A failure comes again with the next wait.
        var question = new Abi.RetrieveOut { NotifyUnique = KickNumbers + ((ulong)_processor << 32) + (2 * ++_kicks), NodeId = _knownFile.Value };
        // Refused when it is no regular file or forgotten by now.
        var outcome = _device.Notify(NotifyCode.Retrieve, MemoryMarshal.AsBytes(new ReadOnlySpan<Abi.RetrieveOut>(in question)), default);
        if (outcome != Errno.OK) _knownFile = default;
    }

    private void StageRegister()
    {
        var entry = new UringEntry(this, _entries.Count, _payloadBytes);
        _entries.Add(entry);
        ref var submission = ref StageCommand(UringAbi.CommandRegister, entry);
        submission.Address = (ulong)entry.Vectors;
        submission.Length = 2;
    }

    private void StageCommit(UringEntry entry)
    {
        if (!_ring.HasStaged) _firstStaged = Stopwatch.GetTimestamp();
        StageCommand(UringAbi.CommandCommitAndFetch, entry).Command.CommitId = entry.CommitId;
    }

    private ref UringAbi.Submission StageCommand(uint command, UringEntry entry)
    {
        ref var submission = ref _ring.Stage(out _); // A failure comes again with the next wait.
        submission.Operation = UringAbi.OperationCommand;
        submission.Descriptor = _device.Descriptor;
        submission.Offset = command;
        submission.UserData = (ulong)entry.Index;
        submission.Command.QueueId = _processor;
        _lent++;
        return ref submission;
    }

    private void StageWakeUp()
    {
        ref var submission = ref _ring.Stage(out _);
        submission.Operation = UringAbi.OperationRead;
        submission.Descriptor = (int)_eventFile.DangerousGetHandle();
        submission.Address = (ulong)_eventValue;
        submission.Length = sizeof(ulong);
        submission.UserData = WakeUp;
    }
}
