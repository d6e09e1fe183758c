using System.Globalization;
using System.Text;
using Bazil.Core;

namespace Bazil.FileSystem.Live;

// Reads of content that is elsewhere.
public sealed partial class Volume
{
    private readonly ContentWaits? _waits;
    private long _lastUnreadable;

    /// <summary>Reads of programs that have waited for content for a second or longer; the longest first.</summary>
    public IReadOnlyList<WaitingRead> ListWaitingReads() => _waits is null ? [] : [.. _waits.List().Take(Limits.WaitingReadsListed).Select(read => new WaitingRead(TextOf(read.Inode), read.Offset, read.Since, read.Problem))];

    /// <summary>Says why a read failed, and what each store said: the program only gets a number. At most once a second.</summary>
    private void LogUnreadable(InodeId inode, IOException reason)
    {
        long now = _options.Clock.GetTimestamp(), last = Interlocked.Read(ref _lastUnreadable);
        if (last != 0 && now - last < _options.Clock.TimestampFrequency) return;
        if (Interlocked.CompareExchange(ref _lastUnreadable, now, last) != last) return;
        _options.Log($"volume {Name}: {TextOf(inode)} cannot be read: {reason.Message}", reason);
    }

    /// <summary>A file as people know it.</summary>
    private string TextOf(InodeId inode)
    {
        byte[]? path;
        lock (_gate) path = new Transaction(_store).FindPath(inode);
        return path is null ? string.Create(CultureInfo.InvariantCulture, $"inode {inode}") : Encoding.UTF8.GetString(path);
    }
}
