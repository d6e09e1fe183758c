using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Lets changes be taken back whose content did not reach the disk. The database may make rows durable before the content they
/// name is synced, and a power cut then leaves names without content. So as long as unsynced content exists, each batch also
/// writes the old values of its keys under <c>Undo ‖ sequence</c>; a sync of the content deletes what it covers, and
/// <see cref="UndoRecovery"/> takes back what is left and names content that is not there.
/// <para>It is short: rows, their bytes and the chunks that they name call for a sync (<see cref="IsLong"/>), and changes wait for one when
/// there are several times as many (<see cref="IsTooLong"/>).</para>
/// <para>Guarded by the volume's gate.</para>
/// </summary>
internal sealed class UndoLog(IMetadataStore metadata, VolumeTables tables)
{
    private readonly RecentRows _recent = new(metadata);

    /// <summary>Bytes and chunks of the rows that exist, oldest first.</summary>
    private readonly Queue<(int Bytes, int Chunks)> _rows = new();

    // Rows exist for the sequence numbers [_first, _next). They never start over while the volume is open.
    private ulong _first = 1;
    private ulong _next = 1;
    private long _bytes;
    private int _chunks;

    /// <summary>True when content named by committed rows may not be durable.</summary>
    public bool IsPending => _first < _next;

    /// <summary>True when a sync of the content should begin at once.</summary>
    public bool IsLong => IsLongerThan(1);

    /// <summary>True when no change should be made before the content was synced.</summary>
    public bool IsTooLong => IsLongerThan(Limits.UndoWaitFactor);

    /// <summary>Taken before a sync of the content begins, and handed to <see cref="ContentSynced"/> when it has ended.</summary>
    public ulong Mark => _next;

    /// <summary>Tells that a row that is going to be written is the first of its key, which saves looking for an older one.</summary>
    public void NoteNew(ReadOnlySpan<byte> key) => _recent.NoteAbsent(key);

    /// <summary>Commits a batch, with its undo row if one is needed.</summary>
    /// <param name="batch">The changes; the undo row is added to it.</param>
    /// <param name="unsynced">Chunks of what the batch names that no sync covers yet. All of them were put before.</param>
    public void Commit(MetadataBatch batch, IReadOnlyList<BlobSubtree> unsynced)
    {
        if (unsynced.Count == 0 && !IsPending)
        {
            _recent.Clear();
            metadata.Commit(batch);
            return;
        }

        byte[] row = UndoRow.Of(batch, _recent.Get, unsynced).Encode();
        _recent.Note(batch);
        batch.Put(KeyOf(_next), row);
        metadata.Commit(batch);
        _next++;
        _rows.Enqueue((row.Length, unsynced.Count));
        _bytes += row.Length;
        _chunks += unsynced.Count;
    }

    /// <summary>Everything put before the mark was taken survives power loss now.</summary>
    public void ContentSynced(ulong mark)
    {
        if (_first >= mark) return;
        var batch = new MetadataBatch();
        for (ulong sequence = _first; sequence < mark; sequence++) batch.Delete(KeyOf(sequence));
        metadata.Commit(batch);
        for (; _first < mark; _first++)
        {
            (int bytes, int chunks) = _rows.Dequeue();
            _bytes -= bytes;
            _chunks -= chunks;
        }
    }

    private bool IsLongerThan(int factor) =>
        _rows.Count > factor * Limits.UndoRowsTarget || _bytes > factor * Limits.UndoBytesTarget || _chunks > factor * Limits.UnsyncedChunksTarget;

    private byte[] KeyOf(ulong sequence) => tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Undo).Add(sequence).Bytes.ToArray();
}
