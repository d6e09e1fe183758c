namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>A scan. See <see cref="IMetadataReader.Scan"/> for the contract.</summary>
internal sealed unsafe class RocksDbCursor(RocksDbIterator iterator) : IMetadataCursor
{
    private State _state = State.BeforeFirst;

    private enum State : byte { BeforeFirst, OnEntry, AtEnd }

    public ReadOnlySpan<byte> Key
    {
        get
        {
            CheckOnEntry();
            nuint size;
            byte* key = iterator.Api.IteratorKey(iterator.Value, &size);
            return new ReadOnlySpan<byte>(key, checked((int)size));
        }
    }

    public ReadOnlySpan<byte> Value
    {
        get
        {
            CheckOnEntry();
            nuint size;
            byte* value = iterator.Api.IteratorValue(iterator.Value, &size);
            return new ReadOnlySpan<byte>(value, checked((int)size));
        }
    }

    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(iterator.IsClosed, this);
        if (_state == State.AtEnd) return false;
        if (_state == State.OnEntry) iterator.Api.IteratorNext(iterator.Value);
        if (iterator.Api.IteratorValid(iterator.Value) != 0)
        {
            _state = State.OnEntry;
            return true;
        }

        _state = State.AtEnd;
        byte* error = null;
        iterator.Api.IteratorGetError(iterator.Value, &error);
        if (error == null) return false;
        iterator.Abandon();
        throw RocksDbStatus.ToException(iterator.Api, error, "read", iterator.Directory);
    }

    public void Dispose() => iterator.Dispose();

    private void CheckOnEntry()
    {
        ObjectDisposedException.ThrowIf(iterator.IsClosed, this);
        if (_state != State.OnEntry) throw new InvalidOperationException("the cursor is on no entry: call MoveNext first");
    }
}
