using System.Globalization;
using System.Runtime.InteropServices;
using Bazil.Core;
using Microsoft.Win32.SafeHandles;

namespace Bazil.FileSystem.Reachability;

/// <summary>
/// A set of 16-byte keys in an unlinked file: as many as the disk takes, in a few hundred bytes of memory. Read and written, not mapped, because a full disk
/// must be an error and not a signal.
/// <code>
/// bucket of 256 bytes = 16 keys; 0 is free, 1 was removed; a key lies in its bucket or, if that has no room, in the next that has
/// </code>
/// Half of it at most is in use; then it is written anew at twice the size. Not safe for concurrent use.
/// </summary>
internal sealed class KeyFile : IDisposable
{
    /// <summary>The first file takes 2 MiB.</summary>
    public const int BucketCountMin = 1 << 13;

    private const int KeysPerBucket = 16;
    private const int KeySizeBytes = 16;
    private const int BucketSizeBytes = KeysPerBucket * KeySizeBytes;

    private static readonly UInt128 s_free = UInt128.Zero;
    private static readonly UInt128 s_removed = UInt128.One;
    private static int s_fileCount;

    private readonly string _directory;
    private readonly UInt128[] _bucket = new UInt128[KeysPerBucket];
    private SafeFileHandle _file;
    private long _bucketCount;
    private long _usedCount; // keys and removed ones

    /// <param name="directory">Where the file is made.</param>
    /// <param name="bucketCount">A power of two.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public KeyFile(string directory, long bucketCount)
    {
        _directory = directory;
        _bucketCount = bucketCount;
        _file = NewFile(bucketCount);
    }

    /// <summary>Adds a key; false when it is there already.</summary>
    /// <exception cref="IOException">Reading or writing failed.</exception>
    public bool TryAdd(UInt128 key)
    {
        if (_usedCount >= _bucketCount * KeysPerBucket / 2) Grow();
        return TryPut(key);
    }

    public void Remove(UInt128 key)
    {
        if (Find(key, out long bucket, out int slot)) Write(bucket, slot, s_removed);
    }

    public void Dispose() => _file.Dispose();

    private bool TryPut(UInt128 key)
    {
        Invariant.Check(key > s_removed); // halves of hashes
        if (Find(key, out long bucket, out int slot)) return false;
        Write(bucket, slot, key);
        _usedCount++;
        return true;
    }

    /// <summary>Finds a key, or the free slot where it belongs.</summary>
    private bool Find(UInt128 key, out long bucket, out int slot)
    {
        // Seeded anew in each process: nobody can choose keys that meet in one bucket.
        bucket = (uint)key.GetHashCode() & (_bucketCount - 1);
        for (; ; bucket = (bucket + 1) & (_bucketCount - 1))
        {
            Read(_file, bucket);
            slot = _bucket.AsSpan().IndexOfAny(key, s_free);
            if (slot >= 0) return _bucket[slot] == key;
        }
    }

    private void Grow()
    {
        using SafeFileHandle old = _file;
        long oldCount = _bucketCount;
        _file = NewFile(oldCount * 2);
        _bucketCount = oldCount * 2;
        _usedCount = 0;
        for (long bucket = 0; bucket < oldCount; bucket++)
        {
            Read(old, bucket);
            foreach (UInt128 key in _bucket.ToArray())
            {
                if (key > s_removed) TryPut(key);
            }
        }
    }

    private void Read(SafeFileHandle file, long bucket)
    {
        int count = RandomAccess.Read(file, MemoryMarshal.AsBytes(_bucket.AsSpan()), bucket * BucketSizeBytes);
        if (count != BucketSizeBytes) throw new IOException($"the file of visited chunks in {_directory} is cut short");
    }

    private void Write(long bucket, int slot, UInt128 key) =>
        RandomAccess.Write(_file, MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in key)), (bucket * BucketSizeBytes) + (slot * KeySizeBytes));

    private SafeFileHandle NewFile(long bucketCount)
    {
        string path = Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $".visited-{Environment.ProcessId}-{Interlocked.Increment(ref s_fileCount)}"));
        SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        File.Delete(path);
        RandomAccess.SetLength(file, bucketCount * BucketSizeBytes);
        return file;
    }
}
