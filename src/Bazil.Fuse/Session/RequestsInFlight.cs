using Bazil.Core;
using Bazil.Fuse.Kernel;

namespace Bazil.Fuse.Session;

/// <summary>
/// The requests that are being handled, by the kernel's number, so that an interrupt finds its request. With several
/// threads reading, an interrupt may be seen before its request: it is then kept for it. The kernel never uses a
/// number twice, so one that came too late is harmless and falls out after a while.
/// </summary>
internal sealed class RequestsInFlight
{
    private const int DescribedRequests = 8;

    // Guards everything here and FuseRequest.Interrupted; a leaf, nothing is called while it is held.
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, FuseRequest> _requests = [];
    private readonly HashSet<ulong> _early = [];
    private readonly Queue<ulong> _earlyOrder = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ending;

    internal int Count
    {
        get
        {
            lock (_lock) return _requests.Count;
        }
    }

    /// <summary>
    /// Enters a request; false when one of the same number is there already, which only a broken kernel does.
    /// A source that is handed out must be cancelled: the request was interrupted already.
    /// </summary>
    internal bool TryBegin(FuseRequest request, out CancellationTokenSource? interrupted)
    {
        interrupted = null;
        lock (_lock)
        {
            if (!_requests.TryAdd(request.Header.Unique, request)) return false;
            if (_ending || (_early.Count > 0 && _early.Remove(request.Header.Unique)))
                interrupted = request.TakeCancellation();
            return true;
        }
    }

    /// <summary>Takes a request out; from now on no interrupt reaches it.</summary>
    internal void End(FuseRequest request)
    {
        bool idle;
        lock (_lock)
        {
            Invariant.Check(_requests.Remove(request.Header.Unique));
            idle = _ending && _requests.Count == 0;
        }

        if (idle) _idle.TrySetResult();
    }

    /// <summary>The source to cancel for the interrupt of request <paramref name="unique"/>, or null when there is none to cancel now.</summary>
    internal CancellationTokenSource? Interrupt(ulong unique)
    {
        lock (_lock)
        {
            if (_requests.TryGetValue(unique, out var request))
                return request.Interrupted ? null : request.TakeCancellation();
            if (!_early.Add(unique)) return null;
            _earlyOrder.Enqueue(unique);
            if (_earlyOrder.Count > FuseLimits.PendingInterrupts) _early.Remove(_earlyOrder.Dequeue());
            return null;
        }
    }

    /// <summary>The reads that are being handled for a thread and were not interrupted.</summary>
    internal List<(ulong Unique, uint ThreadId)> ListReads()
    {
        List<(ulong, uint)> reads = [];
        lock (_lock)
        {
            foreach (var request in _requests.Values)
            {
                if (request is { Interrupted: false, Header: { Opcode: Opcode.Read, ProcessId: not 0 } }) reads.Add((request.Header.Unique, request.Header.ProcessId));
            }
        }

        return reads;
    }

    /// <summary>As <see cref="Interrupt"/>, but of a request that is known to have come: one that has ended since is left alone.</summary>
    internal CancellationTokenSource? InterruptKnown(ulong unique)
    {
        lock (_lock) return _requests.TryGetValue(unique, out var request) && !request.Interrupted ? request.TakeCancellation() : null;
    }

    /// <summary>What is being handled now, for a log line.</summary>
    internal string Describe()
    {
        lock (_lock)
            return string.Join(", ", _requests.Values.Take(DescribedRequests).Select(request => $"{request.Header.Opcode} of node {request.Header.NodeId}"));
    }

    /// <summary>
    /// The connection is gone: hands out every source not cancelled yet. <paramref name="idle"/> completes when the last
    /// request has ended.
    /// </summary>
    internal List<CancellationTokenSource> EndAll(out Task idle)
    {
        List<CancellationTokenSource> sources = [];
        lock (_lock)
        {
            _ending = true;
            foreach (var request in _requests.Values)
            {
                if (!request.Interrupted) sources.Add(request.TakeCancellation());
            }

            if (_requests.Count == 0) _idle.TrySetResult();
        }

        idle = _idle.Task;
        return sources;
    }
}
