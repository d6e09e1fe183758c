using Bazil.Server.DataDirectories;
using Bazil.Storage.Stores;

namespace Bazil.Server.Storages;

/// <summary>Moves what an older version left in this node's own store into the arena, while it is in use. Safe for concurrent use: one at a time, others wait.</summary>
internal sealed class StoreConversion(StoragePool storages, DataDirectory directory) : IProgress<ConversionProgress>, IDisposable
{
    private readonly SemaphoreSlim _running = new(1, 1);
    private readonly Lock _lock = new(); // guards _progress
    private ConversionProgress _progress;

    /// <summary>What the conversion that runs, or the last one, has moved.</summary>
    public ConversionProgress Progress
    {
        get
        {
            lock (_lock) return _progress;
        }
    }

    /// <summary>True when there is nothing to convert.</summary>
    public bool IsFinished => Converting is not { IsFinished: false };

    private ConvertingObjectStore? Converting => storages.OpenLocal().Inner as ConvertingObjectStore;

    /// <summary>Moves everything that can be moved, and removes the old store when nothing is left in it. May be interrupted and called again.</summary>
    /// <exception cref="StoreException">The disk is full, or failed.</exception>
    public async Task<ConversionProgress> RunAsync(CancellationToken cancel)
    {
        await _running.WaitAsync(cancel);
        try
        {
            Report(default);
            if (Converting is not { IsFinished: false } store) return default;
            ConversionProgress done = await Task.Run(() => store.MoveAsync(this, cancel), cancel);
            if (await store.TryFinishAsync(cancel)) OwnStore.RemoveFiles(directory.Chunks);
            return done;
        }
        finally
        {
            _running.Release();
        }
    }

    public void Report(ConversionProgress value)
    {
        lock (_lock) _progress = value;
    }

    public void Dispose() => _running.Dispose();
}
