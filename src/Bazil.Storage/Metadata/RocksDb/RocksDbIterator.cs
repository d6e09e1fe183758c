using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// A native iterator with what must live as long as it: its read options, the memory of its upper bound (the C API keeps
/// only a pointer), the snapshot it reads, and a reference on the database.
/// </summary>
internal sealed unsafe class RocksDbIterator : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly RocksDbDatabase _database;
    private readonly RocksDbSnapshotHandle? _snapshot;
    private readonly nint _options;
    private readonly void* _upperBound;
    private bool _isAbandoned;

    /// <summary>Opens an iterator on the moment of this call, or on the snapshot, and seeks to <paramref name="from"/>.</summary>
    internal RocksDbIterator(RocksDbDatabase database, RocksDbSnapshotHandle? snapshot, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
        : base(ownsHandle: true)
    {
        RocksDbApi api = database.Api;
        database.Enter();
        bool entered = false;
        try
        {
            snapshot?.DangerousAddRef(ref entered);
        }
        catch
        {
            database.Leave();
            throw;
        }

        _database = database;
        _snapshot = snapshot;
        _options = api.ReadOptionsCreate();
        if (snapshot is not null) api.ReadOptionsSetSnapshot(_options, snapshot.Value);
        if (!to.IsEmpty)
        {
            _upperBound = NativeMemory.Alloc((nuint)to.Length);
            to.CopyTo(new Span<byte>(_upperBound, to.Length));
            api.ReadOptionsSetUpperBound(_options, (byte*)_upperBound, (nuint)to.Length);
        }

        SetHandle(api.CreateIterator(database.Value, _options));
        fixed (byte* fromPointer = from) api.IteratorSeek(handle, fromPointer, (nuint)from.Length);
    }

    /// <summary>
    /// After a failed read: neither this nor the database will be closed, only dropped with the process. Closing an iterator that met a
    /// damaged table beside a range of deleted keys frees memory twice in Debian's build of the library (7.8), and ends the process.
    /// </summary>
    internal void Abandon()
    {
        _isAbandoned = true;
        _database.Abandon();
    }

    internal RocksDbApi Api => _database.Api;

    internal string Directory => _database.Directory;

    internal nint Value => handle;

    protected override bool ReleaseHandle()
    {
        if (!_isAbandoned)
        {
            Api.IteratorDestroy(handle);
            Api.ReadOptionsDestroy(_options);
            NativeMemory.Free(_upperBound);
            _snapshot?.DangerousRelease();
        }

        _database.Leave();
        return true;
    }
}
