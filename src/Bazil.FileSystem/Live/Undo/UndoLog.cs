using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Lets changes be taken back whose content did not reach the disk. The database may make rows durable before the content they
/// name is synced, and a power cut then leaves names without content. So as long as unsynced content exists, each batch also
/// writes the old values of its keys under <c>Undo ‖ sequence</c>; a sync of the content deletes what it covers, and
/// <see cref="UndoRecovery"/> takes back what is left and names content that is not there.
/// <para>Guarded by the volume's gate.</para>
/// </summary>
internal sealed class UndoLog(IMetadataStore metadata, VolumeTables tables)
{
    // Rows exist for the sequence numbers [_first, _next). They never start over while the volume is open.
    private ulong _first = 1;
    private ulong _next = 1;

    /// <summary>True when content named by committed rows may not be durable.</summary>
    public bool IsPending => _first < _next;

    /// <summary>Taken before a sync of the content begins, and handed to <see cref="ContentSynced"/> when it has ended.</summary>
    public ulong Mark => _next;

    /// <summary>Commits a batch, with its undo row if one is needed.</summary>
    /// <param name="batch">The changes; the undo row is added to it.</param>
    /// <param name="unsynced">Content that the batch names and that no sync covers yet. All of it was put before.</param>
    public void Commit(MetadataBatch batch, IReadOnlyList<Manifest> unsynced)
    {
        bool isNeeded = unsynced.Count > 0 || IsPending;
        if (isNeeded) batch.Put(KeyOf(_next), UndoRow.Of(batch, metadata, unsynced).Encode());
        metadata.Commit(batch);
        if (isNeeded) _next++;
    }

    /// <summary>Everything put before the mark was taken survives power loss now.</summary>
    public void ContentSynced(ulong mark)
    {
        if (_first >= mark) return;
        var batch = new MetadataBatch();
        for (ulong sequence = _first; sequence < mark; sequence++) batch.Delete(KeyOf(sequence));
        metadata.Commit(batch);
        _first = mark;
    }

    private byte[] KeyOf(ulong sequence) => tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Undo).Add(sequence).Bytes.ToArray();
}
