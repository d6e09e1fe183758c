using Bazil.Storage.Arena.Disk;
using Bazil.Unix;

namespace Bazil.Storage.Tests.Arena.Simulation;

/// <summary>The store's directory on a <see cref="SimulatedDisk"/>, until the next crash.</summary>
internal sealed class SimulatedDirectory(SimulatedDisk disk, int generation) : ISegmentDirectory
{
    public string Path => "/simulated";

    public string IndexPath => disk.IndexPath;

    public IReadOnlyList<string> List(string subdirectory)
    {
        lock (disk.Gate)
        {
            disk.CheckAlive(generation);
            return [.. disk.Names.Keys.Where(name => name.StartsWith(subdirectory + "/", StringComparison.Ordinal)).Select(name => name[(subdirectory.Length + 1)..]).Order(StringComparer.Ordinal)];
        }
    }

    public ISegmentFile Create(string name)
    {
        var content = new SimulatedContent();
        Change(() => disk.Names.Add(name, content));
        return new SimulatedFile(disk, generation, content, name);
    }

    public ISegmentFile Open(string name)
    {
        lock (disk.Gate)
        {
            disk.CheckAlive(generation);
            return disk.Names.TryGetValue(name, out SimulatedContent? content)
                ? new SimulatedFile(disk, generation, content, name)
                : throw new UnixException(Errno.ENOENT, "open", name);
        }
    }

    public void Remove(string name) => Change(() => disk.Names.Remove(name));

    public void SyncSegmentNames() => Change(disk.SyncNames);

    public byte[]? ReadFile(string name)
    {
        lock (disk.Gate)
        {
            disk.CheckAlive(generation);
            return disk.SmallFiles.GetValueOrDefault(name);
        }
    }

    public void ReplaceFile(string name, ReadOnlySpan<byte> content)
    {
        byte[] bytes = content.ToArray();
        Change(() => disk.SmallFiles[name] = bytes);
    }

    public void CopyRange(ISegmentFile source, long offset, long length, string name)
    {
        byte[] bytes = new byte[length];
        ReplaceFile(name, bytes.AsSpan(0, source.Read(bytes, offset)));
    }

    public void SetReserve(long sizeBytes)
    {
        lock (disk.Gate) disk.CheckAlive(generation);
    }

    public DiskSpace Measure()
    {
        lock (disk.Gate)
        {
            disk.CheckAlive(generation);
            return new DiskSpace(1L << 40, disk.FreeBytes, disk.FreeBytes, 0, 0, 4096);
        }
    }

    public void Dispose()
    {
    }

    private void Change(Action change)
    {
        lock (disk.Gate) disk.BeforeChange(generation, change);
    }
}
