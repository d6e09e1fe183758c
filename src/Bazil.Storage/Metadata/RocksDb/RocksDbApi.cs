using System.Runtime.InteropServices;
using Bazil.Unix;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// The functions of RocksDB's C API (<c>rocksdb/c.h</c>, 7.8 to 10) that are in use, by name without their prefix.
/// Function pointers, because the library's file name is found at run time. Those that only read a field skip the
/// transition of the garbage collector. An <c>error</c> that is set on return is freed with <see cref="Free"/>.
/// </summary>
internal sealed unsafe class RocksDbApi
{
    /// <summary>No more than there are already. The caches of the library are bounded by what they hold, not by the heaps that it lies in.</summary>
    private const int HeapsMax = 2;

    /// <summary>Above all blocks of tables: buffers of compactions and of tables that are written.</summary>
    private const int HeapPieceBytesMax = 256 * 1024;
    private static readonly Lock LoadLock = new();
    private static RocksDbApi? s_loaded;

    private RocksDbApi(nint library)
    {
        Library = library;
        Open = (delegate* unmanaged[Cdecl]<nint, byte*, byte**, nint>)Export("rocksdb_open");
        Close = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_close");
        Write = (delegate* unmanaged[Cdecl]<nint, nint, nint, byte**, void>)Export("rocksdb_write");
        GetPinned = (delegate* unmanaged[Cdecl]<nint, nint, byte*, nuint, byte**, nint>)Export("rocksdb_get_pinned");
        PinnableSliceValue = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nuint*, byte*>)Export("rocksdb_pinnableslice_value");
        PinnableSliceDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_pinnableslice_destroy");
        CreateIterator = (delegate* unmanaged[Cdecl]<nint, nint, nint>)Export("rocksdb_create_iterator");
        IteratorDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_iter_destroy");
        IteratorSeek = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, void>)Export("rocksdb_iter_seek");
        IteratorNext = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_iter_next");
        IteratorValid = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte>)Export("rocksdb_iter_valid");
        IteratorKey = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nuint*, byte*>)Export("rocksdb_iter_key");
        IteratorValue = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nuint*, byte*>)Export("rocksdb_iter_value");
        IteratorGetError = (delegate* unmanaged[Cdecl]<nint, byte**, void>)Export("rocksdb_iter_get_error");
        CreateSnapshot = (delegate* unmanaged[Cdecl]<nint, nint>)Export("rocksdb_create_snapshot");
        ReleaseSnapshot = (delegate* unmanaged[Cdecl]<nint, nint, void>)Export("rocksdb_release_snapshot");
        BatchCreate = (delegate* unmanaged[Cdecl]<nint>)Export("rocksdb_writebatch_create");
        BatchDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_writebatch_destroy");
        BatchClear = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_writebatch_clear");
        BatchPut = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, void>)Export("rocksdb_writebatch_put");
        BatchDelete = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, void>)Export("rocksdb_writebatch_delete");
        BatchDeleteRange = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, void>)Export("rocksdb_writebatch_delete_range");
        ReadOptionsCreate = (delegate* unmanaged[Cdecl]<nint>)Export("rocksdb_readoptions_create");
        ReadOptionsDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_readoptions_destroy");
        ReadOptionsSetSnapshot = (delegate* unmanaged[Cdecl]<nint, nint, void>)Export("rocksdb_readoptions_set_snapshot");
        ReadOptionsSetUpperBound = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, void>)Export("rocksdb_readoptions_set_iterate_upper_bound");
        WriteOptionsCreate = (delegate* unmanaged[Cdecl]<nint>)Export("rocksdb_writeoptions_create");
        WriteOptionsDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("rocksdb_writeoptions_destroy");
        WriteOptionsSetSync = (delegate* unmanaged[Cdecl]<nint, byte, void>)Export("rocksdb_writeoptions_set_sync");
        Free = (delegate* unmanaged[Cdecl]<void*, void>)Export("rocksdb_free");
    }

    /// <summary>The functions, loaded at the first call. Loading is not in a static constructor so that its failure is not wrapped.</summary>
    /// <exception cref="Core.NativeLibraryMissingException">RocksDB is not installed, or too old.</exception>
    internal static RocksDbApi Load()
    {
        lock (LoadLock)
        {
            if (s_loaded is not null) return s_loaded;
            NativeHeap.Restrict(HeapsMax, HeapPieceBytesMax); // the library starts threads when a database is opened
            return s_loaded = new RocksDbApi(RocksDbLibrary.Load(RocksDbLibrary.Candidates));
        }
    }

    internal nint Library { get; }

    internal delegate* unmanaged[Cdecl]<nint, byte*, byte**, nint> Open { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> Close { get; }
    internal delegate* unmanaged[Cdecl]<nint, nint, nint, byte**, void> Write { get; }
    internal delegate* unmanaged[Cdecl]<nint, nint, byte*, nuint, byte**, nint> GetPinned { get; }
    internal delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nuint*, byte*> PinnableSliceValue { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> PinnableSliceDestroy { get; }
    internal delegate* unmanaged[Cdecl]<nint, nint, nint> CreateIterator { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> IteratorDestroy { get; }
    internal delegate* unmanaged[Cdecl]<nint, byte*, nuint, void> IteratorSeek { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> IteratorNext { get; }
    internal delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte> IteratorValid { get; }
    internal delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nuint*, byte*> IteratorKey { get; }
    internal delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nuint*, byte*> IteratorValue { get; }
    internal delegate* unmanaged[Cdecl]<nint, byte**, void> IteratorGetError { get; }
    internal delegate* unmanaged[Cdecl]<nint, nint> CreateSnapshot { get; }
    internal delegate* unmanaged[Cdecl]<nint, nint, void> ReleaseSnapshot { get; }
    internal delegate* unmanaged[Cdecl]<nint> BatchCreate { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> BatchDestroy { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> BatchClear { get; }
    internal delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, void> BatchPut { get; }
    internal delegate* unmanaged[Cdecl]<nint, byte*, nuint, void> BatchDelete { get; }
    internal delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, void> BatchDeleteRange { get; }
    internal delegate* unmanaged[Cdecl]<nint> ReadOptionsCreate { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> ReadOptionsDestroy { get; }
    internal delegate* unmanaged[Cdecl]<nint, nint, void> ReadOptionsSetSnapshot { get; }
    internal delegate* unmanaged[Cdecl]<nint, byte*, nuint, void> ReadOptionsSetUpperBound { get; }
    internal delegate* unmanaged[Cdecl]<nint> WriteOptionsCreate { get; }
    internal delegate* unmanaged[Cdecl]<nint, void> WriteOptionsDestroy { get; }
    internal delegate* unmanaged[Cdecl]<nint, byte, void> WriteOptionsSetSync { get; }
    internal delegate* unmanaged[Cdecl]<void*, void> Free { get; }

    internal nint Export(string name) => NativeLibrary.GetExport(Library, name);
}
