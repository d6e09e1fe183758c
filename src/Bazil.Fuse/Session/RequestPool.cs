using Bazil.Fuse.Transport;

namespace Bazil.Fuse.Session;

/// <summary>Requests between uses. Their number is bounded by what the kernel has outstanding; only the idle ones are counted here.</summary>
internal sealed class RequestPool(int dataBytes) : IRequestHome, IDisposable
{
    // Guards the stack; a leaf, nothing is called while it is held.
    private readonly Lock _lock = new();
    private readonly Stack<FuseRequest> _idle = new();
    private bool _disposed;

    internal FuseRequest Rent()
    {
        lock (_lock)
        {
            if (_idle.TryPop(out var request)) return request;
        }

        return new FuseRequest(dataBytes, this);
    }

    public void Return(FuseRequest request)
    {
        request.Reset();
        lock (_lock)
        {
            if (!_disposed && _idle.Count < FuseLimits.IdleRequests)
            {
                _idle.Push(request);
                return;
            }
        }

        request.Dispose();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var request in _idle) request.Dispose();
            _idle.Clear();
        }
    }
}
