namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>Reads of the live database, or of a snapshot of it. Safe for concurrent use.</summary>
internal sealed unsafe class RocksDbReader : IMetadataSnapshot
{
    private readonly RocksDbDatabase _database;
    private readonly RocksDbSnapshotHandle? _snapshot;
    private readonly RocksDbObject _options;

    /// <param name="database">Stays the caller's.</param>
    /// <param name="ownedSnapshot">Null for the live database.</param>
    internal RocksDbReader(RocksDbDatabase database, RocksDbSnapshotHandle? ownedSnapshot)
    {
        _database = database;
        _snapshot = ownedSnapshot;
        _options = new RocksDbObject(database.Api.ReadOptionsCreate(), database.Api.ReadOptionsDestroy);
        if (ownedSnapshot is not null) database.Api.ReadOptionsSetSnapshot(_options.Value, ownedSnapshot.Value);
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        RocksDbApi api = _database.Api;
        bool entered = false;
        _options.DangerousAddRef(ref entered);
        try
        {
            _database.Enter();
            try
            {
                byte* error = null;
                nint slice;
                fixed (byte* keyPointer = key) slice = api.GetPinned(_database.Value, _options.Value, keyPointer, (nuint)key.Length, &error);
                if (error != null) throw RocksDbStatus.ToException(api, error, "read", _database.Directory);
                return slice == 0 ? null : Take(api, slice);
            }
            finally
            {
                _database.Leave();
            }
        }
        finally
        {
            _options.DangerousRelease();
        }
    }

    public IMetadataCursor Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        ObjectDisposedException.ThrowIf(_options.IsClosed, this);
        return new RocksDbCursor(new RocksDbIterator(_database, _snapshot, from, to));
    }

    /// <summary>Native objects go when the last read in progress is done.</summary>
    public void Dispose()
    {
        _options.Dispose();
        _snapshot?.Dispose();
    }

    private static byte[] Take(RocksDbApi api, nint slice)
    {
        nuint size;
        byte* value = api.PinnableSliceValue(slice, &size);
        try
        {
            return new ReadOnlySpan<byte>(value, checked((int)size)).ToArray();
        }
        finally
        {
            api.PinnableSliceDestroy(slice);
        }
    }
}
