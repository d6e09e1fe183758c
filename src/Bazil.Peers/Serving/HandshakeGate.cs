using System.Net;

namespace Bazil.Peers.Serving;

/// <summary>Bounds TLS handshakes in progress, in all and for each network address. Concurrent.</summary>
internal sealed class HandshakeGate(int places, int placesPerAddress)
{
    private readonly Lock _lock = new(); // guards both fields below; calls nothing outside
    private readonly Dictionary<IPAddress, int> _addresses = [];
    private int _taken;

    /// <summary>Takes a place, or returns null when there is none. Dispose gives it back; twice does no harm.</summary>
    public IDisposable? TryEnter(IPAddress address)
    {
        lock (_lock)
        {
            int here = _addresses.GetValueOrDefault(address);
            if (_taken >= places || here >= placesPerAddress) return null;
            _taken++;
            _addresses[address] = here + 1;
            return new Place(this, address);
        }
    }

    private void Leave(IPAddress address)
    {
        lock (_lock)
        {
            _taken--;
            int left = _addresses[address] - 1;
            if (left == 0) _addresses.Remove(address);
            else _addresses[address] = left;
        }
    }

    private sealed class Place(HandshakeGate gate, IPAddress address) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0) gate.Leave(address);
        }
    }
}
