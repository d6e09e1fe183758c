using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Arena.Disk;

/// <summary>A segment in a file of the operating system.</summary>
internal sealed class UnixSegmentFile(SafeFileHandle handle, string path) : ISegmentFile
{
    private volatile bool _cannotReserve;

    public string Path => path;

    public long Length => RandomAccess.GetLength(handle);

    public int Read(Span<byte> buffer, long offset) => UnixFile.ReadAt(handle, buffer, offset, path);

    public void Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, long offset) =>
        UnixFile.WriteAt(handle, first, second, third, offset, path);

    public void Sync() => UnixFile.SyncData(handle, path);

    public void Punch(long offset, long length) => UnixFile.TryPunchHole(handle, offset, length, path);

    public void Truncate(long length) => UnixFile.Truncate(handle, length, path);

    public void Reserve(long offset, long length)
    {
        if (!_cannotReserve) _cannotReserve = !UnixFile.TryReserve(handle, offset, length, path);
    }

    public void Dispose() => handle.Dispose();
}
