namespace Bazil.Fuse.Examples;

/// <summary>
/// The bytes of one file in chunks; a missing chunk is a hole. The first chunk is as small as the file and grows by doubling, all others have
/// full size. No byte of a chunk beyond the end of the file is set. Not thread-safe: the inode's lock guards it.
/// </summary>
internal sealed class FileContent(MemoryBudget budget, ChunkPool pool) : IDisposable
{
    internal const int ChunkBytes = 256 * 1024;

    /// <summary>Longest file; the list of its chunks then has 4 million places.</summary>
    internal const long MaxBytes = 1L << 40;

    private const int SmallestChunkBytes = 4096;

    private readonly List<ContentChunk?> _chunks = [];

    internal long Length { get; private set; }

    internal long AllocatedBytes { get; private set; }

    internal FuseReadResult Read(long offset, Memory<byte> buffer)
    {
        if (offset >= Length) return FuseReadResult.Filled(0);
        var count = (int)Math.Min(buffer.Length, Length - offset);
        var (index, start) = Locate(offset);
        if (start + count <= ChunkBytes && ChunkAt(index) is { } chunk && start + count <= chunk.Filled)
        {
            chunk.AddReference();
            return FuseReadResult.From(chunk.Memory.Slice(start, count), chunk);
        }

        Copy(offset, buffer.Span[..count]);
        return FuseReadResult.Filled(count);
    }

    /// <summary>False when there is no room; what fitted is written.</summary>
    internal bool TryWrite(long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var (index, start) = Locate(offset);
            var count = Math.Min(data.Length, ChunkBytes - start);
            if (Allocate(index, start + count) is not { } chunk) return false;
            chunk.Write(start, data[..count]);
            data = data[count..];
            offset += count;
            Length = Math.Max(Length, offset);
        }

        return true;
    }

    /// <summary>Takes memory for a range, so that writing it later cannot fail for want of it. False when there is no room.</summary>
    internal bool TryReserve(long offset, long count)
    {
        if (count - ChunkBytes > budget.FreeBytes + AllocatedBytes) return false;
        while (count > 0)
        {
            var (index, start) = Locate(offset);
            var step = (int)Math.Min(count, ChunkBytes - start);
            if (Allocate(index, start + step) is null) return false;
            offset += step;
            count -= step;
        }

        return true;
    }

    /// <summary>Copies a range of <paramref name="source"/>, holes as holes, and returns how much there was room for.</summary>
    internal long CopyFrom(FileContent source, long from, long to, long count)
    {
        var done = 0L;
        while (done < count)
        {
            var (index, start) = Locate(from + done);
            var step = (int)Math.Min(count - done, ChunkBytes - start);
            var chunk = source.ChunkAt(index);
            var present = chunk is null ? 0 : Math.Clamp(chunk.Filled - start, 0, step);
            if (present > 0 && !TryWriteFrom(chunk!, start, present, to + done)) break;
            Zero(to + done + present, step - present);
            done += step;
            Length = Math.Max(Length, to + done);
        }

        return done;
    }

    private bool TryWriteFrom(ContentChunk chunk, int start, int count, long to)
    {
        // When a file is copied into itself, making room may replace the very chunk that is read from.
        chunk.AddReference();
        var written = TryWrite(to, chunk.GetSpan().Slice(start, count));
        chunk.Release();
        return written;
    }

    internal void SetLength(long length)
    {
        if (length < Length) Zero(length, Length - length);
        Length = length;
    }

    /// <summary>Makes a range read as zeros; whole chunks of it are given back.</summary>
    internal void Zero(long offset, long count)
    {
        while (count > 0)
        {
            var (index, start) = Locate(offset);
            if (index >= _chunks.Count) return;
            var step = (int)Math.Min(count, ChunkBytes - start);
            if (_chunks[index] is { } chunk)
            {
                if (start == 0 && (step == ChunkBytes || step >= chunk.Length)) Free(index);
                else chunk.Zero(start, step);
            }

            offset += step;
            count -= step;
        }
    }

    /// <summary>The first offset from <paramref name="offset"/> on that is in a chunk, or in a hole; -1 when there is none before the end.</summary>
    internal long Find(long offset, bool data)
    {
        while (offset < Length)
        {
            var (index, start) = Locate(offset);
            if (index >= _chunks.Count) return data ? -1 : offset;
            if (_chunks[index] is not null == data) return offset;
            offset += ChunkBytes - start;
        }

        return -1;
    }

    public void Dispose()
    {
        for (var i = 0; i < _chunks.Count; i++) Free(i);
        _chunks.Clear();
    }

    private static (int Index, int Start) Locate(long offset) => ((int)(offset / ChunkBytes), (int)(offset % ChunkBytes));

    private ContentChunk? ChunkAt(int index) => index < _chunks.Count ? _chunks[index] : null;

    private void Copy(long offset, Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            var (index, start) = Locate(offset);
            var count = Math.Min(target.Length, ChunkBytes - start);
            var present = ChunkAt(index) is { } chunk ? Math.Clamp(chunk.Filled - start, 0, count) : 0;
            if (present > 0) _chunks[index]!.GetSpan().Slice(start, present).CopyTo(target);
            target[present..count].Clear();
            target = target[count..];
            offset += count;
        }
    }

    private ContentChunk? Allocate(int index, int needed)
    {
        var old = ChunkAt(index);
        if (old is not null && old.Length >= needed) return old;
        var size = ChunkBytes;
        if (index == 0)
        {
            size = SmallestChunkBytes;
            while (size < needed) size *= 2;
        }

        if (!budget.TryTake(size)) return null;
        var chunk = new ContentChunk(pool, size);
        AllocatedBytes += size;
        if (old is not null)
        {
            chunk.Write(0, old.GetSpan()[..old.Filled]);
            Free(index);
        }

        while (_chunks.Count <= index) _chunks.Add(null);
        _chunks[index] = chunk;
        return chunk;
    }

    private void Free(int index)
    {
        if (_chunks[index] is not { } chunk) return;
        _chunks[index] = null;
        AllocatedBytes -= chunk.Length;
        budget.GiveBack(chunk.Length);
        chunk.Release();
    }
}
