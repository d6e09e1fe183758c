using System.Globalization;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>
/// Interrupts reads whose thread has died. What the kernel reads ahead it reads in the background: such a request is never interrupted, also when the program that waited for
/// it was killed, and it keeps the file open, and the mount in use, until it is answered. Another program that waits for the same page asks again by itself. Looks once a second, and only
/// while a handler waits.
/// </summary>
internal sealed class GoneRequesters : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly RequestsInFlight _inFlight;
    private readonly Action<CancellationTokenSource> _cancel;
    private readonly bool _isOwnNamespace = File.ResolveLinkTarget("/proc/self", returnFinalTarget: false)?.Name == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    private readonly Timer _timer;
    private volatile HashSet<ulong> _before = []; // what was there the last time; replaced as a whole, used by the timer only, which may overtake itself
    private int _isArmed;

    /// <param name="inFlight">The requests.</param>
    /// <param name="cancel">Cancels one of them.</param>
    internal GoneRequesters(RequestsInFlight inFlight, Action<CancellationTokenSource> cancel)
    {
        (_inFlight, _cancel) = (inFlight, cancel);
        _timer = new Timer(static state => ((GoneRequesters)state!).Look(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>A handler goes on by itself.</summary>
    internal void Watch()
    {
        // In another process namespace the numbers say nothing.
        if (Volatile.Read(ref _isArmed) != 0 || !_isOwnNamespace || Interlocked.Exchange(ref _isArmed, 1) != 0) return;
        _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        Interlocked.Exchange(ref _isArmed, 0); // before they are listed: one that comes meanwhile arms it again
        List<(ulong Unique, uint ThreadId)> reads = _inFlight.ListReads();
        foreach ((ulong unique, uint threadId) in reads)
        {
            if (_before.Contains(unique) && IsGone(threadId) && _inFlight.InterruptKnown(unique) is { } source) _cancel(source);
        }

        _before = [.. reads.Select(static read => read.Unique)];
        if (reads.Count > 0) Watch();
    }

    internal static bool IsGone(uint threadId)
    {
        try
        {
            // proc_pid_stat(5): the state is behind the name, which may have brackets in it.
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{threadId}/stat"));
            return stat.AsSpan(stat.LastIndexOf(')') + 1).TrimStart() is ['Z' or 'X', ..];
        }
        catch (IOException e)
        {
            // A mount of /proc with hidepid does not show the threads of others.
            return e.HResult == (int)Errno.ESRCH || (e is FileNotFoundException or DirectoryNotFoundException && !UnixThread.Exists(threadId));
        }
        catch (UnauthorizedAccessException)
        {
            return false; // it is there
        }
    }
}
