using Bazil.Unix;

namespace Bazil.Storage.Arena.Disk;

/// <summary>A directory of which not more than so many segments are open at a time. Owns the other.</summary>
internal sealed class PooledSegmentDirectory(ISegmentDirectory directory, int openCountMax) : ISegmentDirectory
{
    private readonly SegmentFilePool _pool = new(openCountMax);

    public string Path => directory.Path;

    public string IndexPath => directory.IndexPath;

    public IReadOnlyList<string> List(string subdirectory) => directory.List(subdirectory);

    public ISegmentFile Create(string name) => new PooledSegmentFile(_pool, directory.Create(name), () => directory.Open(name));

    public ISegmentFile Open(string name) => new PooledSegmentFile(_pool, directory.Open(name), () => directory.Open(name));

    public void Remove(string name) => directory.Remove(name);

    public void SyncSegmentNames() => directory.SyncSegmentNames();

    public byte[]? ReadFile(string name) => directory.ReadFile(name);

    public void ReplaceFile(string name, ReadOnlySpan<byte> content) => directory.ReplaceFile(name, content);

    public void CopyRange(ISegmentFile source, long offset, long length, string name) => directory.CopyRange(source, offset, length, name);

    public void SetReserve(long sizeBytes) => directory.SetReserve(sizeBytes);

    public DiskSpace Measure() => directory.Measure();

    public void Dispose() => directory.Dispose();
}
