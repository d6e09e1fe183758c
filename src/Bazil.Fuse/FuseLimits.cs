namespace Bazil.Fuse;

/// <summary>Bounds of the protocol, each with its reason.</summary>
public static class FuseLimits
{
    /// <summary>NAME_MAX, what every program expects. The kernel also sends longer names; they are answered ENAMETOOLONG without asking the file system.</summary>
    public const int NameBytes = 255;

    /// <summary>PATH_MAX: longest target of a symbolic link that the kernel accepts, without the final NUL.</summary>
    public const int LinkTargetBytes = 4095;

    /// <summary>XATTR_SIZE_MAX: the kernel neither sends nor takes longer values.</summary>
    public const int XattrBytes = 65536;

    /// <summary>256 pages, the kernel's default ceiling for one request (/proc/sys/fs/fuse/max_pages_limit).</summary>
    public const int MaxWriteBytes = 1 << 20;

    /// <summary>Requests that the kernel keeps in the background (read-ahead, write-back) at a time unless told otherwise; its own number, 12, leaves fast stores idle.</summary>
    public const int BackgroundRequests = 64;

    /// <summary>FUSE_MIN_READ_BUFFER: a smaller buffer is refused by the kernel.</summary>
    public const int MinReceiveBytes = 8192;

    /// <summary>More reading threads than this bring nothing: each request occupies one only while its handler computes.</summary>
    public const int MaxWorkers = 64;

    /// <summary>Idle request buffers kept for the next burst; at 1 MiB of address space each, touched only as far as used.</summary>
    internal const int IdleRequests = 32;

    /// <summary>Interrupts that overtook their request, or came after its reply. Only the latest few can still find theirs.</summary>
    internal const int PendingInterrupts = 256;

    /// <summary>Notifications waiting for their thread. A caller that awaits each one never has more than one.</summary>
    internal const int QueuedNotifications = 65536;

    /// <summary>
    /// Entries a queue of io_uring keeps free at most, also while handlers wait: as many requests as may come before the queue's thread gets to run.
    /// The kernel prefers the entry it had last, so the others are only address space, 1 MiB each.
    /// </summary>
    internal const int MostFreeUringEntries = 256;

    /// <summary>The same on machines with many processors, whose programs spread over them.</summary>
    internal const int LeastFreeUringEntries = 32;

    /// <summary>Free entries of all queues together: a gibibyte of address space.</summary>
    internal const int FreeUringEntries = 1024;

    /// <summary>Handlers that wait in one queue before it looks for requests that found no entry: with fewer, answers to other requests have long made it look.</summary>
    internal const int CrowdedUringEntries = 16;

    /// <summary>Entries of one queue when handlers wait: a process may have that many threads blocked on locks of files.</summary>
    internal const int MaxUringEntries = 2048;

    /// <summary>Rings, one for each possible processor; larger machines stay with the device.</summary>
    internal const int MaxUringQueues = 1024;

    /// <summary>Longest that an answer waits for the answers to requests that came with it.</summary>
    internal static readonly TimeSpan UringBatchTime = TimeSpan.FromMicroseconds(50);

    /// <summary>
    /// Over io_uring, how long the device is left alone after it brought a FORGET, so that the next brings many: each that is read on its own wakes
    /// a thread beside the program that is busy with the mount. Interrupts wait for it as well, so it stays far below what a person notices.
    /// </summary>
    internal static readonly TimeSpan ForgetGatherTime = TimeSpan.FromMilliseconds(1);

    /// <summary>What handlers that ignore their cancellation are left when the mount has ended.</summary>
    internal static readonly TimeSpan HandlerEndTime = TimeSpan.FromSeconds(5);
}
