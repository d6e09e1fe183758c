using System.Buffers;
using Bazil.Storage.Buffers;

namespace Bazil.Remotes.Packs;

/// <summary>
/// What lies behind small objects in their packs. What is written together is wanted together, in the order in which it was written: the pointers of a file, one level after the other, then its first data.
/// So one read brings the whole way down to a piece of content, and of small files many. Kept as it lies there, sealed, for a short while: what of it is wanted goes into the local store at once.
/// Safe for concurrent use.
/// </summary>
internal sealed class PackPieces(TimeProvider time)
{
    private readonly Lock _lock = new(); // guards what follows and the pieces; calls nothing outside
    private readonly LinkedList<PackPiece> _pieces = new(); // the newest first

    /// <summary>How much is read for an object: a small one brings what lies behind it.</summary>
    public static int ReadBytesOf(in PackLocation location) => location.Length is > 0 and <= Limits.PackSmallBytes ? Limits.PackPieceBytes : location.Length;

    /// <summary>A copy of an object's bytes that were read; null when there are none. The caller disposes it.</summary>
    /// <param name="location">Where it lies.</param>
    /// <param name="evenFirst">Also when the object itself was asked for: whoever asks once more, later, wants to know what is there.</param>
    public IMemoryOwner<byte>? TryCopy(in PackLocation location, bool evenFirst)
    {
        lock (_lock)
        {
            DropOld();
            foreach (PackPiece piece in _pieces)
            {
                if (piece.Bytes is not { } bytes || !piece.Covers(location) || (location.Offset == piece.Offset && !evenFirst)) continue;
                ReadOnlySpan<byte> found = bytes.Memory.Span.Slice(location.Offset - piece.Offset, location.Length);
                if (ObjectChecksum.Of(found) != location.Checksum) return null; // read by itself it is told what is wrong
                IMemoryOwner<byte> copy = BufferPool.Shared.Rent(location.Length);
                found.CopyTo(copy.Memory.Span);
                return copy;
            }

            return null;
        }
    }

    /// <summary>The read under way that will bring an object. When there is none and it is a small one, begins a read of it and of what lies behind it: the caller reads then, and calls <see cref="End"/> or <see cref="GiveUp"/>.</summary>
    /// <returns>Null for an object that is read alone.</returns>
    public PackPiece? Join(in PackLocation location, out bool isNew)
    {
        lock (_lock)
        {
            isNew = false;
            foreach (PackPiece piece in _pieces)
            {
                if (piece.Bytes is null && piece.Covers(location)) return piece;
            }

            isNew = ReadBytesOf(location) > location.Length;
            if (!isNew) return null;
            var begun = new PackPiece(location.Pack, location.Offset, ReadBytesOf(location));
            _pieces.AddFirst(begun);
            return begun;
        }
    }

    /// <summary>Takes over what was read, so many bytes of the buffer; null for nothing. It is not kept when all was forgotten meanwhile.</summary>
    public void End(PackPiece piece, IMemoryOwner<byte>? bytes, int sizeBytes)
    {
        lock (_lock)
        {
            bool isKept = bytes is not null && _pieces.Contains(piece);
            if (!isKept) bytes?.Dispose();
            piece.End(isKept ? bytes : null, sizeBytes, time.GetTimestamp());
            if (!isKept) _pieces.Remove(piece);
            while (_pieces.Count(static held => held.Bytes is not null) > Limits.PackPieces) Remove(_pieces.Last(static held => held.Bytes is not null));
        }
    }

    /// <summary>Ends a read that its reader has given up.</summary>
    public void GiveUp(PackPiece piece)
    {
        lock (_lock)
        {
            _pieces.Remove(piece);
            piece.GiveUp();
        }
    }

    /// <summary>Forgets all of it; what is being read now is for its reader only.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (PackPiece piece in _pieces) piece.Bytes?.Dispose();
            _pieces.Clear();
        }
    }

    /// <summary>Walks all of them: what is being read is as old as nothing, wherever it stands.</summary>
    private void DropOld()
    {
        for (LinkedListNode<PackPiece>? node = _pieces.First, next; node is not null; node = next)
        {
            next = node.Next;
            if (node.Value.Bytes is not null && time.GetElapsedTime(node.Value.CameAt) > Limits.PackPieceAgeMax) Remove(node.Value);
        }
    }

    private void Remove(PackPiece piece)
    {
        _pieces.Remove(piece);
        piece.Bytes?.Dispose();
    }
}
