using System.Buffers.Binary;
using System.Collections.Concurrent;
using Bazil.Core;

namespace Bazil.Peers.Serving;

/// <summary>
/// Which request of a peer put an object last, so that a release that the peer sent before it does not take it, however late it is served: the peer gave it up, and knows nothing of what became of it. Objects share places, of
/// which there are a fixed number: then a release leaves out an object that it need not have. Concurrent.
/// </summary>
internal sealed class LatestPuts
{
    private const int PlaceCount = 1024;

    private readonly ConcurrentDictionary<PeerId, RequestOrder[]> _puts = []; // each array guarded by itself

    public void Note(PeerId peer, in ObjectId id, in RequestOrder put)
    {
        RequestOrder[] places = _puts.GetOrAdd(peer, static _ => new RequestOrder[PlaceCount]);
        lock (places)
        {
            ref RequestOrder place = ref places[PlaceOf(id)];
            if (place.IsBefore(put)) place = put;
        }
    }

    /// <summary>Whether nothing that a peer sent later than this put the object.</summary>
    public bool IsLater(PeerId peer, in ObjectId id, in RequestOrder release)
    {
        if (!_puts.TryGetValue(peer, out RequestOrder[]? places)) return true;
        lock (places) return places[PlaceOf(id)].IsBefore(release);
    }

    private static int PlaceOf(in ObjectId id) => BinaryPrimitives.ReadUInt16BigEndian(id.Span) % PlaceCount;
}
