using System.Runtime.InteropServices;
using Bazil.Core.Memory;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>What the engine itself says of its memory (<c>rocksdb/db.h</c>, "Properties"). Asked for by people only, so the function is looked up each time.</summary>
internal static unsafe class RocksDbMemory
{
    /// <exception cref="ObjectDisposedException">The store was disposed.</exception>
    public static IReadOnlyList<MemoryUse> Of(RocksDbDatabase database)
    {
        database.Enter();
        try
        {
            return
            [
                new MemoryUse("metadata block cache", Read(database, "rocksdb.block-cache-usage"), RocksDbSettings.BlockCacheBytes),
                new MemoryUse("metadata write buffers", Read(database, "rocksdb.cur-size-all-mem-tables"), RocksDbSettings.WriteBufferBytes * RocksDbSettings.WriteBufferCount),
                new MemoryUse("metadata table readers", Read(database, "rocksdb.estimate-table-readers-mem"), null, Bound: $"{RocksDbSettings.OpenFilesMax} open files"),
            ];
        }
        finally
        {
            database.Leave();
        }
    }

    private static long Read(RocksDbDatabase database, string property)
    {
        var read = (delegate* unmanaged[Cdecl]<nint, byte*, ulong*, int>)database.Api.Export("rocksdb_property_int");
        byte* name = (byte*)Marshal.StringToCoTaskMemUTF8(property);
        ulong value = 0;
        int status = read(database.Value, name, &value);
        Marshal.FreeCoTaskMem((nint)name);
        return status == 0 ? (long)value : 0;
    }
}
