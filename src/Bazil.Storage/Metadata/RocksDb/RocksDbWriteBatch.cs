using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>A native batch that is filled, written, cleared and used again. Not safe for concurrent use.</summary>
internal sealed unsafe class RocksDbWriteBatch : SafeHandleZeroOrMinusOneIsInvalid, IMetadataBatchSink
{
    private readonly RocksDbApi _api;

    internal RocksDbWriteBatch(RocksDbApi api)
        : base(ownsHandle: true)
    {
        _api = api;
        SetHandle(api.BatchCreate());
    }

    internal nint Value => handle;

    /// <summary>Bytes put in since the last <see cref="Clear"/>; the native buffer keeps at least that much.</summary>
    internal long SizeBytes { get; private set; }

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* keyPointer = key, valuePointer = value)
        {
            _api.BatchPut(handle, keyPointer, (nuint)key.Length, valuePointer, (nuint)value.Length);
        }

        SizeBytes += key.Length + value.Length;
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        fixed (byte* keyPointer = key) _api.BatchDelete(handle, keyPointer, (nuint)key.Length);
        SizeBytes += key.Length;
    }

    public void DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        fixed (byte* fromPointer = from, toPointer = to)
        {
            _api.BatchDeleteRange(handle, fromPointer, (nuint)from.Length, toPointer, (nuint)to.Length);
        }

        SizeBytes += from.Length + to.Length;
    }

    internal void Clear()
    {
        _api.BatchClear(handle);
        SizeBytes = 0;
    }

    protected override bool ReleaseHandle()
    {
        _api.BatchDestroy(handle);
        return true;
    }
}
