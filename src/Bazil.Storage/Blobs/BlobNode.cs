using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Buffers;

namespace Bazil.Storage.Blobs;

/// <summary>A chunk of a blob in memory, data or pointers. Guarded by the lock of its blob; who pinned it may use the content outside.</summary>
internal sealed class BlobNode(int level, ulong index, int capacity) : IDisposable
{
    private IMemoryOwner<byte> _buffer = BufferPool.Shared.Rent(capacity);

    public enum NodeState : byte
    {
        /// <summary>Equal to what the key in the parent names.</summary>
        Clean,

        /// <summary>Changed; its key is not known yet.</summary>
        Dirty,

        /// <summary>Being stored; the content must not change.</summary>
        Sealing,
    }

    public int Level { get; } = level;

    public ulong Index { get; } = index;

    /// <summary>Null for the root of the tree.</summary>
    public BlobNode? Parent { get; set; }

    /// <summary>Nodes in memory whose parent this is.</summary>
    public int ChildCount { get; set; }

    public NodeState State { get; set; }

    /// <summary>Readers and writers that use the content outside the lock, and keep it from being dropped.</summary>
    public int PinCount { get; set; }

    /// <summary>The one writer of the blob has it pinned: it must not be sealed now.</summary>
    public bool IsBeingWritten { get; set; }

    /// <summary>No longer part of the tree.</summary>
    public bool IsDropped { get; set; }

    /// <summary>A worker is going to look at it.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The last attempt to store it failed; not tried again before a write or save heard of that.</summary>
    public bool HasFailed { get; set; }

    /// <summary>How far the content was written from its start without a gap since it became dirty: at full size it has stopped changing, probably.</summary>
    public int FilledBytes { get; set; }

    /// <summary>Of a pointer chunk: children stored since it became dirty. When all were, it has stopped changing, probably.</summary>
    public int SealedChildCount { get; set; }

    /// <summary>Completed at the end of the seal that is queued or running; made by whoever waits.</summary>
    public TaskCompletionSource? SealEnd { get; set; }

    /// <summary>Bytes allocated and charged; beyond them the content is zeros.</summary>
    public int Capacity { get; private set; } = capacity;

    public Memory<byte> Content => _buffer.Memory;

    public ChunkKey KeyAt(int slot) => new(_buffer.Memory.Span.Slice(slot * BlobLayout.KeySizeBytes, BlobLayout.KeySizeBytes));

    public void SetKeyAt(int slot, in ChunkKey key) => key.Span.CopyTo(_buffer.Memory.Span[(slot * BlobLayout.KeySizeBytes)..]);

    /// <summary>Allocates more; the content stays.</summary>
    public void Grow(int capacity)
    {
        Invariant.Check(capacity > Capacity && State != NodeState.Sealing);
        IMemoryOwner<byte> larger = BufferPool.Shared.Rent(capacity);
        _buffer.Memory.CopyTo(larger.Memory);
        _buffer.Dispose();
        _buffer = larger;
        Capacity = capacity;
    }

    /// <summary>Zeroes everything from an offset on; returns whether anything was there.</summary>
    public bool ClearFrom(int offset)
    {
        if (offset >= Capacity) return false;
        Span<byte> tail = _buffer.Memory.Span[offset..];
        bool had = tail.ContainsAnyExcept((byte)0);
        tail.Clear();
        FilledBytes = Math.Min(FilledBytes, offset);
        return had;
    }

    public void Dispose() => _buffer.Dispose();
}
