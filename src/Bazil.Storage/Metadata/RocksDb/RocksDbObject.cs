using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>Owns an object of the C API that stands alone: options, cache.</summary>
internal sealed unsafe class RocksDbObject : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly delegate* unmanaged[Cdecl]<nint, void> _destroy;

    internal RocksDbObject(nint value, delegate* unmanaged[Cdecl]<nint, void> destroy)
        : base(ownsHandle: true)
    {
        _destroy = destroy;
        SetHandle(value);
    }

    /// <summary>The pointer. The caller keeps this object alive and undisposed while it is in use.</summary>
    internal nint Value => handle;

    protected override bool ReleaseHandle()
    {
        _destroy(handle);
        return true;
    }
}
