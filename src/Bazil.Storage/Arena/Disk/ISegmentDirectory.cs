using Bazil.Unix;

namespace Bazil.Storage.Arena.Disk;

/// <summary>
/// The directory of an arena store, locked for this process until dispose: the seam below which tests put a disk that
/// fails. Names are relative, such as <c>segments/00000001.seg</c>. May be called concurrently.
/// Failures are <see cref="UnixException"/>s and other <see cref="IOException"/>s.
/// </summary>
internal interface ISegmentDirectory : IDisposable
{
    /// <summary>For messages.</summary>
    string Path { get; }

    /// <summary>A directory of the real file system, for the files of the index.</summary>
    string IndexPath { get; }

    /// <summary>Names in a subdirectory, without it; empty when there is none.</summary>
    IReadOnlyList<string> List(string subdirectory);

    /// <summary>Makes a file that does not exist. Its name is durable after <see cref="SyncSegmentNames"/>.</summary>
    ISegmentFile Create(string name);

    ISegmentFile Open(string name);

    /// <summary>Durable after <see cref="SyncSegmentNames"/>.</summary>
    void Remove(string name);

    void SyncSegmentNames();

    /// <summary>The whole of a small file, or null when it does not exist.</summary>
    byte[]? ReadFile(string name);

    /// <summary>Replaces a small file, durably and all at once.</summary>
    void ReplaceFile(string name, ReadOnlySpan<byte> content);

    /// <summary>Copies a range of a segment, as far as the file goes, to a file of this name, durably; one that is there is replaced.</summary>
    /// <exception cref="UnixException">Among others <see cref="Errno.ENOSPC"/>: nothing is left behind then.</exception>
    void CopyRange(ISegmentFile source, long offset, long length, string name);

    /// <summary>Makes the reserve this large; 0 gives it back to the disk.</summary>
    /// <exception cref="UnixException">Among others <see cref="Errno.ENOSPC"/>.</exception>
    void SetReserve(long sizeBytes);

    /// <summary>The state of the disk now.</summary>
    DiskSpace Measure();
}
