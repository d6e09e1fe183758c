namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>A few idle native batches. Safe for concurrent use.</summary>
internal sealed class RocksDbBatchPool(RocksDbApi api) : IDisposable
{
    /// <summary>As many as threads commit at one time, usually: workers of the kernel interface, and sync.</summary>
    private const int MaxIdle = 8;

    /// <summary>A larger batch (a pull of many nodes) is freed, or its memory would stay for good.</summary>
    private const long MaxIdleSizeBytes = 1024 * 1024;

    private readonly RocksDbWriteBatch?[] _idle = new RocksDbWriteBatch?[MaxIdle];

    /// <summary>An empty batch. The caller gives it back by <see cref="Return"/>.</summary>
    internal RocksDbWriteBatch Rent()
    {
        for (int i = 0; i < MaxIdle; i++)
        {
            if (Interlocked.Exchange(ref _idle[i], null) is { } batch) return batch;
        }

        return new RocksDbWriteBatch(api);
    }

    internal void Return(RocksDbWriteBatch batch)
    {
        if (batch.SizeBytes <= MaxIdleSizeBytes)
        {
            batch.Clear();
            for (int i = 0; i < MaxIdle; i++)
            {
                if (Interlocked.CompareExchange(ref _idle[i], batch, null) is null) return;
            }
        }

        batch.Dispose();
    }

    public void Dispose()
    {
        for (int i = 0; i < MaxIdle; i++) Interlocked.Exchange(ref _idle[i], null)?.Dispose();
    }
}
