using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Blobs;

/// <summary>
/// Random access to content that is stored as a Merkle tree of chunks. Changes stay in memory, bounded by the
/// <see cref="DirtyBudget"/>, and are stored in the background; <see cref="SaveAsync"/> stores the rest and names the result.
/// <para>
/// Safe for concurrent use. Operations are atomic with respect to each other: a read sees all of a write or nothing of it.
/// Reads run beside each other, beside a save and beside background storing.
/// </para>
/// <para>
/// Errors: <see cref="StoreException"/> and its kinds from the chunk store. When storing in the background failed, the next
/// write throws that failure before it changes anything; the data stays in memory and is tried again after that, and by each save.
/// </para>
/// </summary>
public sealed partial class Blob : IAsyncDisposable
{
    private readonly BlobContext _context;
    private readonly BlobLayout _layout;

    /// <summary>Shared: reads and save. Exclusive: whatever changes the content. Before <see cref="_saveGate"/> and <see cref="_lock"/>.</summary>
    private readonly AsyncGate _gate = new();

    /// <summary>Exclusive: one save at a time.</summary>
    private readonly AsyncGate _saveGate = new();

    private readonly Lock _lock = new(); // guards everything below; before that of the budget
    private readonly BlobTree _tree;
    private ulong _sizeBytes;
    private bool _isDirty;
    private bool _isDisposed;
    private uint _keyEpoch;

    /// <summary>The chunks under <see cref="_keyEpoch"/>. Read without the lock.</summary>
    private volatile IChunkStore _chunks;

    /// <param name="context">What the blobs of a volume share.</param>
    /// <param name="manifest">The content to start with.</param>
    /// <exception cref="ArgumentException">The manifest is outside <see cref="BlobLimits"/>, or one path of its tree does not fit the dirty budget.</exception>
    public Blob(BlobContext context, Manifest manifest)
    {
        if (!BlobLimits.Accepts(manifest)) throw new ArgumentException($"manifest is out of bounds: {manifest}");
        _context = context;
        _layout = new BlobLayout(manifest.ChunkSizeBytes, manifest.Fanout);
        _keyEpoch = manifest.Root.IsZero ? context.Chunks.Current : manifest.KeyEpoch;
        _chunks = context.Chunks.Of(_keyEpoch);
        _sizeBytes = manifest.SizeBytes;
        _tree = new BlobTree(_layout, context.Budget, manifest.Root, _layout.Depth(manifest.SizeBytes));
        if (context is { ReadAheadBytes: > 0, AheadRoom: { } room }) _ahead = new ReadAheadStreams(() => new ReadAhead(context.ReadAheadBytes, (int)manifest.ChunkSizeBytes, room, new ArrivalRate(room.Clock), PrefetchAsync));
        if (ReservationBytes(_layout.Depth(BlobLimits.SizeBytesMax)) > context.Budget.SizeBytes)
        {
            throw new ArgumentException($"a dirty budget of {context.Budget.SizeBytes} bytes is too small for chunks of {manifest.ChunkSizeBytes} bytes");
        }
    }

    /// <summary>Length of the content.</summary>
    public ulong SizeBytes
    {
        get
        {
            lock (_lock) return _sizeBytes;
        }
    }

    /// <summary>The number of the oldest key epoch under which a chunk of the content may be sealed.</summary>
    public uint KeyEpoch
    {
        get
        {
            lock (_lock) return _keyEpoch;
        }
    }

    /// <summary>True when the content changed since it was opened or last saved.</summary>
    public bool IsDirty
    {
        get
        {
            lock (_lock) return _isDirty;
        }
    }

    /// <summary>Drops what was not saved.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.EnterExclusiveAsync(CancellationToken.None);
        try
        {
            if (_isDisposed) return;
            _isDisposed = true;
            if (_ahead is not null) await _ahead.DisposeAsync();
            await PauseSealingAsync();
            lock (_lock)
            {
                _tree.Clear();
                DropOverlays(lastChunk: null);
            }

            _context.Budget.Forget(this);
        }
        finally
        {
            _gate.ExitExclusive();
        }
    }
}
