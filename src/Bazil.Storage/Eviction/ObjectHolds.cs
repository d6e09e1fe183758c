using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Storage.Eviction;

/// <summary>
/// What this node has promised others to keep: objects of its own store that they count as copies while they evict theirs. Kept in rows, so that a promise outlives the process. The row
/// (<see cref="Table.Hold"/>, peer ‖ ticket) is <c>format (1) = 1 | object ids (32 each)</c>.
/// <para>A promise lasts <see cref="EvictionLimits.HoldDuration"/> by a clock that nobody sets; after a restart, as long again. So no wrong clock shortens it. Safe for concurrent use.</para>
/// </summary>
public sealed class ObjectHolds
{
    private const byte Format = 1;

    private readonly IMetadataStore _metadata;
    private readonly TimeProvider _time;

    // Guards _held and the rows; the database is called while it is held, nothing else.
    private readonly Lock _gate = new();
    private readonly Dictionary<(PeerId Peer, HoldTicket Ticket), Entry> _held = [];

    /// <param name="metadata">Where the rows are.</param>
    /// <param name="time">Its timestamps count.</param>
    /// <exception cref="WireFormatException">A row is damaged or of a newer version.</exception>
    public ObjectHolds(IMetadataStore metadata, TimeProvider time)
    {
        _metadata = metadata;
        _time = time;
        using IMetadataCursor cursor = metadata.ScanPrefix([(byte)Table.Hold]);
        while (cursor.MoveNext())
        {
            (PeerId, HoldTicket) key = ReadKey(cursor.Key);
            _held[key] = new Entry(ReadIds(cursor.Value), time.GetTimestamp());
        }
    }

    /// <summary>All objects that are held, some more than once. Writes nothing: evictions and collections begin with it, also on a full disk.</summary>
    public IReadOnlyList<ObjectId> ListObjects()
    {
        lock (_gate) return [.. _held.Values.Where(entry => !IsOver(entry)).SelectMany(static entry => entry.Ids)];
    }

    /// <summary>What each peer holds.</summary>
    public IReadOnlyList<HeldByPeer> List()
    {
        lock (_gate)
        {
            Expire();
            return
            [
                .. _held.GroupBy(static entry => entry.Key.Peer).Select(peer => new HeldByPeer(
                    peer.Key, peer.Count(), peer.Sum(static entry => (long)entry.Value.Ids.Length), peer.Max(entry => EvictionLimits.HoldDuration - _time.GetElapsedTime(entry.Value.Since)))),
            ];
        }
    }

    /// <summary>The peer needs it no more. Of a ticket that is not there, nothing happens.</summary>
    public void Release(in PeerId peer, HoldTicket ticket)
    {
        lock (_gate) Remove([(peer, ticket)]);
    }

    /// <summary>
    /// Begins to hold objects, in memory only: from now on no eviction or collection begins that takes them. A ticket that is there is replaced, and its time begins anew. False when the peer holds too much.
    /// </summary>
    internal bool TryBegin(in PeerId peer, HoldTicket ticket, IReadOnlyList<ObjectId> ids)
    {
        PeerId holder = peer;
        lock (_gate)
        {
            Expire();
            List<Entry> others = [.. _held.Where(entry => entry.Key.Peer == holder && entry.Key.Ticket != ticket).Select(static entry => entry.Value)];
            if (others.Count >= EvictionLimits.HoldsPerPeer || others.Sum(static entry => (long)entry.Ids.Length) + ids.Count > EvictionLimits.IdsPerPeer) return false;

            // What the ticket held before stays held until the new row is there.
            ObjectId[] before = _held.TryGetValue((peer, ticket), out Entry old) ? old.Ids : [];
            _held[(peer, ticket)] = new Entry([.. before.Union(ids)], _time.GetTimestamp());
            return true;
        }
    }

    /// <summary>Nothing was promised after all: only what the ticket held before is held.</summary>
    internal void Abandon(in PeerId peer, HoldTicket ticket)
    {
        lock (_gate)
        {
            if (_metadata.Get(KeyOf((peer, ticket))) is { } row) _held[(peer, ticket)] = new Entry(ReadIds(row), _time.GetTimestamp());
            else _held.Remove((peer, ticket));
        }
    }

    /// <summary>Makes it a promise of those objects that are there: durable on return.</summary>
    internal void Commit(in PeerId peer, HoldTicket ticket, IReadOnlyList<ObjectId> ids)
    {
        lock (_gate)
        {
            if (ids.Count == 0)
            {
                Remove([(peer, ticket)]);
            }
            else
            {
                _held[(peer, ticket)] = new Entry([.. ids], _time.GetTimestamp());
                var writer = new WireWriter();
                writer.WriteByte(Format);
                foreach (ObjectId id in ids) writer.WriteFixed(id.Span);
                var batch = new MetadataBatch();
                batch.Put(KeyOf((peer, ticket)), writer.Span);
                _metadata.Commit(batch);
            }
        }

        _metadata.Sync();
    }

    /// <summary>Under the gate.</summary>
    private void Expire() => Remove([.. _held.Where(entry => IsOver(entry.Value)).Select(static entry => entry.Key)]);

    private bool IsOver(in Entry entry) => _time.GetElapsedTime(entry.Since) >= EvictionLimits.HoldDuration;

    /// <summary>Under the gate. The rows need no sync: one that comes back expires again.</summary>
    private void Remove(IReadOnlyList<(PeerId Peer, HoldTicket Ticket)> keys)
    {
        var batch = new MetadataBatch();
        foreach ((PeerId, HoldTicket) key in keys)
        {
            if (_held.Remove(key)) batch.Delete(KeyOf(key));
        }

        if (batch.Count > 0) _metadata.Commit(batch);
    }

    private static byte[] KeyOf((PeerId Peer, HoldTicket Ticket) held)
    {
        byte[] key = new byte[1 + PeerId.Size + HoldTicket.Size];
        key[0] = (byte)Table.Hold;
        held.Peer.Span.CopyTo(key.AsSpan(1));
        held.Ticket.Write(key.AsSpan(1 + PeerId.Size));
        return key;
    }

    private static (PeerId Peer, HoldTicket Ticket) ReadKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != 1 + PeerId.Size + HoldTicket.Size) throw new WireFormatException("malformed row of a hold");
        return (new PeerId(key[1..^HoldTicket.Size]), HoldTicket.Read(key[^HoldTicket.Size..]));
    }

    private static ObjectId[] ReadIds(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "row of a hold");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        ReadOnlySpan<byte> ids = row[1..];
        if (ids.Length % ObjectId.Size != 0 || ids.Length > EvictionLimits.IdsPerHold * ObjectId.Size) throw new WireFormatException("malformed row of a hold");
        var held = new ObjectId[ids.Length / ObjectId.Size];
        for (int index = 0; index < held.Length; index++) held[index] = new ObjectId(ids.Slice(index * ObjectId.Size, ObjectId.Size));
        return held;
    }

    private readonly record struct Entry(ObjectId[] Ids, long Since);
}
