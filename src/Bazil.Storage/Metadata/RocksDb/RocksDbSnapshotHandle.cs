using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>A native snapshot, which holds a reference on its database.</summary>
internal sealed unsafe class RocksDbSnapshotHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly RocksDbDatabase _database;

    internal RocksDbSnapshotHandle(RocksDbDatabase database)
        : base(ownsHandle: true)
    {
        database.Enter();
        _database = database;
        SetHandle(database.Api.CreateSnapshot(database.Value));
    }

    internal nint Value => handle;

    protected override bool ReleaseHandle()
    {
        _database.Api.ReleaseSnapshot(_database.Value, handle);
        _database.Leave();
        return true;
    }
}
