using System.Buffers;
using Bazil.Core;
using Bazil.FileSystem.Epochs;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Live;

/// <summary>
/// What happens to undo rows when a volume is opened: the first batch that names content which is missing or damaged is taken back,
/// with everything after it, in reverse. What remains is the volume as it was at a moment shortly before the power failed. After a
/// mere death of the daemon all content is there, and nothing is taken back.
/// <para>Only chunks are read that were put since the last sync, each once.</para>
/// </summary>
internal sealed class UndoRecovery
{
    private readonly IChunkStore _chunks;
    private readonly HashSet<(byte Level, ChunkKey Key)> _whole = [];

    private UndoRecovery(IChunkStore chunks) => _chunks = chunks;

    /// <summary>Brings the rows of a volume in order; must come before anything is read from them.</summary>
    /// <returns>How many batches were taken back.</returns>
    /// <exception cref="WireFormatException">A row is damaged or of a newer version.</exception>
    /// <exception cref="StoreException">Content cannot be read here: by this version, without a key that is missing, or because the disk does not give it. Nothing was changed.</exception>
    public static async Task<int> RunAsync(IMetadataStore metadata, VolumeTables tables, IChunkStore chunks)
    {
        List<KeyValuePair<byte[], UndoRow>> rows = ReadRows(tables);
        if (rows.Count == 0) return 0;
        var recovery = new UndoRecovery(chunks);
        int whole = 0;
        while (whole < rows.Count && await recovery.IsWholeAsync(rows[whole].Value)) whole++;

        // What counts from now on must not be lost by the next power cut.
        await chunks.SyncAsync(CancellationToken.None);
        var batch = new MetadataBatch();
        foreach ((byte[] key, UndoRow row) in Enumerable.Reverse(rows.Skip(whole))) row.TakeBack(batch);
        foreach ((byte[] key, UndoRow row) in rows) batch.Delete(key);
        metadata.Commit(batch);
        metadata.Sync();
        return rows.Count - whole;
    }

    private static List<KeyValuePair<byte[], UndoRow>> ReadRows(VolumeTables tables)
    {
        var rows = new List<KeyValuePair<byte[], UndoRow>>();
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Undo).Bytes.ToArray();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext()) rows.Add(KeyValuePair.Create(cursor.Key.ToArray(), UndoRow.Decode(cursor.Value)));
        return rows;
    }

    private async Task<bool> IsWholeAsync(UndoRow row)
    {
        try
        {
            foreach (BlobSubtree chunk in row.Unsynced) await ReadAsync(chunk, withAllBelow: row.NamesWholeContents);
            return true;
        }
        catch (StoreException e) when (e is ChunkNotFoundException or CorruptObjectException || e.IsUnreachable)
        {
            // It did not reach the disk, or only in part; another machine that may have it besides does not answer. What says that this program or
            // machine cannot read it now is for people: taking changes back that are there would be a loss.
            return false;
        }
        catch (StoreException e) when (e is not (UnknownEncodingException or KeyMissingException))
        {
            throw new StoreException(
                $"{e.Message}; it was written right before the power failed, and whether it is whole decides which changes count: mend the disk or put the store back, and start the server again", e);
        }
    }

    /// <summary>Reads a chunk, which authenticates it.</summary>
    private async Task ReadAsync(BlobSubtree subtree, bool withAllBelow)
    {
        if (subtree.Key.IsZero || !_whole.Add((subtree.Level, subtree.Key))) return;
        try
        {
            using IMemoryOwner<byte> chunk = await _chunks.GetAsync(ChunkType.File, subtree.Level, subtree.Key, subtree.SizeBytesMax, CancellationToken.None);
            if (subtree.Level == 0 || !withAllBelow) return;
            foreach (BlobSubtree child in subtree.Children(chunk.Memory)) await ReadAsync(child, withAllBelow);
        }
        catch
        {
            _whole.Remove((subtree.Level, subtree.Key));
            throw;
        }
    }
}
