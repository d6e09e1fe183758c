using System.Globalization;
using Bazil.Fuse.Session;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Transport.Uring;

/// <summary>
/// FUSE over io_uring: a queue for each possible processor (the kernel demands all of them), so that a request is handled on the
/// processor it came from. Forgets and interrupts still come by the device.
/// </summary>
internal sealed class UringTransport : IDisposable
{
    internal const string ParameterPath = "/sys/module/fuse/parameters/enable_uring";

    private const string ProcessorsPath = "/sys/devices/system/cpu/possible";

    private readonly List<UringQueue> _queues = [];

    private UringTransport()
    {
    }

    internal int QueueCount => _queues.Count;

    /// <summary>Makes all rings before the kernel hears of them. Null with the reason when it cannot be.</summary>
    internal static UringTransport? TryPrepare(int payloadBytes, string name, FuseLog log, out string reason)
    {
        if (!IsEnabled(out reason)) return null;
        var count = PossibleProcessors();
        if (count is 0 or > FuseLimits.MaxUringQueues)
        {
            reason = $"{count} possible processors";
            return null;
        }

        var freeEntries = Math.Clamp(FuseLimits.FreeUringEntries / count, FuseLimits.LeastFreeUringEntries, FuseLimits.MostFreeUringEntries);
        var transport = new UringTransport();
        for (var processor = 0; processor < count; processor++)
        {
            var queue = new UringQueue(processor, freeEntries, payloadBytes, name, log);
            var error = queue.Prepare();
            if (error != Errno.OK)
            {
                reason = $"cannot make a ring: {error}";
                queue.Join();
                queue.Dispose();
                transport.GiveUp();
                return null;
            }

            transport._queues.Add(queue);
        }

        return transport;
    }

    /// <summary>Lends the kernel entries for all queues. When it refuses, it stays with the device; then <see cref="GiveUp"/>.</summary>
    internal Errno Register(DeviceChannel device)
    {
        foreach (var queue in _queues)
        {
            var error = queue.Register(device);
            if (error != Errno.OK) return error;
        }

        return Errno.OK;
    }

    internal void Start(Dispatcher dispatcher, Action<Exception?> ended)
    {
        foreach (var queue in _queues) queue.Start(dispatcher, ended);
    }

    internal void Join()
    {
        foreach (var queue in _queues) queue.Join();
    }

    /// <summary>Ends what was prepared and not started.</summary>
    internal void GiveUp()
    {
        foreach (var queue in _queues) queue.GiveUp();
        Dispose();
    }

    public void Dispose()
    {
        foreach (var queue in _queues) queue.Dispose();
        _queues.Clear();
    }

    /// <summary>Whether the kernel would offer it, so that nothing is made in vain.</summary>
    internal static unsafe bool IsEnabled(out string reason)
    {
        // By hand: File would lock it, and fail where somebody else has.
        var descriptor = Libc.OpenAt(Libc.AT_FDCWD, ParameterPath, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (descriptor < 0)
        {
            reason = Libc.LastError == Errno.ENOENT ? "the kernel is older than 6.14, or built without it" : $"{ParameterPath}: {Libc.LastError}";
            return false;
        }

        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        byte value;
        var isOn = Libc.Read(file, &value, 1) == 1 && value == (byte)'Y';
        reason = isOn ? "" : $"the kernel parameter {ParameterPath} is off";
        return isOn;
    }

    /// <summary>How many processors a list such as <c>0-3,8-11</c> names.</summary>
    internal static int CountProcessors(string list)
    {
        var count = 0;
        foreach (var range in list.Trim().Split(','))
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            if (dash < 0)
            {
                count++;
                continue;
            }

            var first = int.Parse(range.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture);
            count += int.Parse(range.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture) - first + 1;
        }

        return count;
    }

    private static int PossibleProcessors() => CountProcessors(File.ReadAllText(ProcessorsPath));
}
