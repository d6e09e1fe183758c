using Bazil.Storage.Stores;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Arena.Disk;

/// <summary>The directory of an arena store on a file system.</summary>
internal sealed class UnixSegmentDirectory : ISegmentDirectory
{
    public const string Segments = "segments";
    public const string Quarantine = "quarantine";

    private const string Index = "index";
    private const string ReserveName = "reserve";
    private const uint FileMode = 0b110_000_000;

    private readonly LockFile _lock;

    private UnixSegmentDirectory(string path, LockFile lockFile)
    {
        Path = path;
        _lock = lockFile;
    }

    public string Path { get; }

    public string IndexPath => PathOf(Index);

    /// <summary>Takes the directory, and makes what is missing; its parent must exist.</summary>
    /// <exception cref="StoreException">Another process has it.</exception>
    /// <exception cref="IOException">Not possible.</exception>
    public static UnixSegmentDirectory Open(string storeName, string path)
    {
        string root = System.IO.Path.GetFullPath(path);
        if (!Directory.Exists(root))
        {
            PrivatePath.CreateDirectory(root);
            DirectoryHandle.Sync(System.IO.Path.GetDirectoryName(root)!);
        }

        LockFile lockFile = LockFile.TryAcquire(System.IO.Path.Combine(root, "lock"), out int holder)
            ?? throw new StoreException($"store {storeName} in {root} is in use by process {holder}");
        try
        {
            bool isNew = false;
            foreach (string name in (ReadOnlySpan<string>)[Segments, Index, Quarantine])
            {
                string directory = System.IO.Path.Combine(root, name);
                if (!Directory.Exists(directory)) isNew |= PrivatePath.CreateDirectory(directory);
            }

            if (isNew) DirectoryHandle.Sync(root);
            return new UnixSegmentDirectory(root, lockFile);
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> List(string subdirectory) =>
        [.. Directory.EnumerateFiles(PathOf(subdirectory)).Select(path => System.IO.Path.GetFileName(path))];

    public ISegmentFile Create(string name) => OpenFile(name, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow);

    public ISegmentFile Open(string name) => OpenFile(name, OpenFlags.ReadWrite | OpenFlags.NoFollow);

    public void Remove(string name) => File.Delete(PathOf(name));

    public void SyncSegmentNames() => DirectoryHandle.Sync(PathOf(Segments));

    public byte[]? ReadFile(string name)
    {
        string path = PathOf(name);
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
    }

    public void ReplaceFile(string name, ReadOnlySpan<byte> content) => DurableFile.Replace(PathOf(name), content);

    public void CopyRange(ISegmentFile source, long offset, long length, string name)
    {
        string path = PathOf(name);
        string temporary = path + ".new";
        byte[] buffer = new byte[ArenaLimits.ScanBufferSizeBytes];
        File.Delete(temporary);
        try
        {
            using SafeFileHandle file = UnixFile.Open(temporary, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, FileMode);
            for (long done = 0; done < length;)
            {
                int count = source.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done)), offset + done);
                if (count == 0) break;
                UnixFile.WriteAt(file, buffer.AsSpan(0, count), [], [], done, temporary);
                done += count;
            }

            UnixFile.Sync(file, temporary);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        UnixFile.Rename(temporary, path);
        DirectoryHandle.Sync(System.IO.Path.GetDirectoryName(path)!);
    }

    public void SetReserve(long sizeBytes)
    {
        string path = PathOf(ReserveName);
        if (sizeBytes == 0 && !File.Exists(path)) return;
        using SafeFileHandle file = UnixFile.Open(path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow, FileMode);
        if (sizeBytes == 0) UnixFile.Truncate(file, 0, path);
        else if (UnixFile.AllocatedBytes(file, path) < sizeBytes) UnixFile.Allocate(file, 0, sizeBytes, path);
    }

    public DiskSpace Measure() => DiskSpace.Of(Path);

    public void Dispose() => _lock.Dispose();

    private UnixSegmentFile OpenFile(string name, OpenFlags flags)
    {
        string path = PathOf(name);
        return new UnixSegmentFile(UnixFile.Open(path, flags, FileMode), path);
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);
}
