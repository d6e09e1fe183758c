namespace Bazil.Unix;

/// <summary>Threads of other processes.</summary>
public static class UnixThread
{
    /// <summary>True also for one that has died and was not waited for, and where /proc does not show it (hidepid, proc(5)).</summary>
    public static bool Exists(uint threadId) => Libc.Kill((int)threadId, 0) == 0 || Libc.LastError != Errno.ESRCH;
}
