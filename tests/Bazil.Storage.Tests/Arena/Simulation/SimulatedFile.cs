using Bazil.Storage.Arena.Disk;
using Bazil.Unix;

namespace Bazil.Storage.Tests.Arena.Simulation;

/// <summary>An open segment on a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, int generation, SimulatedContent content, string name) : ISegmentFile
{
    private bool _isDisposed;

    public string Path => name;

    public long Length
    {
        get
        {
            lock (disk.Gate)
            {
                Check();
                return content.Length;
            }
        }
    }

    public int Read(Span<byte> buffer, long offset)
    {
        lock (disk.Gate)
        {
            Check();
            int count = content.Read(buffer, offset);
            disk.ReadFault?.Invoke(name, offset, buffer[..count]);
            return count;
        }
    }

    public void Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, long offset)
    {
        byte[] bytes = [.. first, .. second, .. third];
        Change(() => content.Write(bytes, offset));
    }

    public void Sync()
    {
        try
        {
            Change(() =>
            {
                content.Sync();
                disk.CountSync();
            });
        }
        catch (UnixException) when (!disk.HasCrashed)
        {
            lock (disk.Gate) content.FailSync();
            throw;
        }
    }

    public void Punch(long offset, long length) => Change(() => content.Zero(offset, length));

    public void Truncate(long length) => Change(() => content.Truncate((int)length));

    public void Reserve(long offset, long length)
    {
        lock (disk.Gate) Check();
    }

    public void Dispose()
    {
        lock (disk.Gate) _isDisposed = true;
    }

    private void Check()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        disk.CheckAlive(generation);
    }

    private void Change(Action change)
    {
        lock (disk.Gate)
        {
            Check();
            disk.BeforeChange(generation, change);
        }
    }
}
