using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Transport;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>
/// Sends notifications from a thread of its own. The kernel takes locks to follow one, locks which may be held until
/// a handler has answered: from inside a handler that would be a deadlock.
/// </summary>
internal sealed class Notifier(DeviceChannel channel, FuseLog log) : IFuseNotifier, IDisposable
{
    /// <summary>FUSE_EXPIRE_ONLY.</summary>
    private const uint ExpireOnly = 1;

    private readonly BlockingCollection<Notification> _queue = new(FuseLimits.QueuedNotifications);
    private Thread? _thread;

    internal void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "fuse notifier" };
        _thread.Start();
    }

    public Task<Errno> InvalidateInode(FuseNodeId node, long offset, long length) => Enqueue(
        NotifyCode.InvalidateInode,
        new Abi.InvalidateInodeOut { NodeId = node.Value, Offset = offset, Length = length },
        []);

    public Task<Errno> InvalidateEntry(FuseNodeId parent, ReadOnlySpan<byte> name) => Enqueue(
        NotifyCode.InvalidateEntry,
        new Abi.InvalidateEntryOut { Parent = parent.Value, NameLength = (uint)name.Length },
        Terminate(name));

    public Task<Errno> ExpireEntry(FuseNodeId parent, ReadOnlySpan<byte> name) => Enqueue(
        NotifyCode.InvalidateEntry,
        new Abi.InvalidateEntryOut { Parent = parent.Value, NameLength = (uint)name.Length, Flags = ExpireOnly },
        Terminate(name));

    public Task<Errno> DeleteEntry(FuseNodeId parent, FuseNodeId child, ReadOnlySpan<byte> name) => Enqueue(
        NotifyCode.Delete,
        new Abi.DeleteOut { Parent = parent.Value, Child = child.Value, NameLength = (uint)name.Length },
        Terminate(name));

    public Task<Errno> Store(FuseNodeId node, long offset, ReadOnlySpan<byte> data) => Enqueue(
        NotifyCode.Store,
        new Abi.StoreOut { NodeId = node.Value, Offset = (ulong)offset, Size = (uint)data.Length },
        data.ToArray());

    public async Task<byte[]?> Retrieve(FuseNodeId node, long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var number = Retrievals.Begin(out var answer);
        var question = new Abi.RetrieveOut { NotifyUnique = number, NodeId = node.Value, Offset = (ulong)offset, Size = (uint)count };
        if (await Enqueue(NotifyCode.Retrieve, question, []) != Errno.OK) Retrievals.Complete(number, null);
        return await answer;
    }

    public Task<Errno> WakePoll(FusePollHandle waiter) =>
        Enqueue(NotifyCode.Poll, new Abi.PollWakeupOut { KernelHandle = waiter.Value }, []);

    public Task<Errno> ExpireAllEntries() => Enqueue(NotifyCode.IncrementEpoch, []);

    public Task<Errno> Resend() => Enqueue(NotifyCode.Resend, []);

    internal Retrievals Retrievals { get; } = new();

    /// <summary>Lets the queue run dry, which it does at once on a connection that has ended, and waits for the thread.</summary>
    internal void Stop()
    {
        _queue.CompleteAdding();
        _thread?.Join();
        Retrievals.EndAll();
    }

    public void Dispose() => _queue.Dispose();

    private Task<Errno> Enqueue<T>(NotifyCode code, in T body, byte[] name)
        where T : unmanaged =>
        Enqueue(code, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in body)).ToArray(), name);

    private Task<Errno> Enqueue(NotifyCode code, byte[] body, byte[]? tail = null)
    {
        var notification = new Notification(code, body, tail ?? []);
        try
        {
            // Never waits: a handler that waited for room could be the one whose lock the sender waits for.
            if (!_queue.TryAdd(notification)) notification.Complete(Errno.EAGAIN);
        }
        catch (InvalidOperationException) // Stopped, or disposed of.
        {
            notification.Complete(Errno.ENOTCONN);
        }

        return notification.Sent;
    }

    private static byte[] Terminate(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > FuseLimits.NameBytes) throw new ArgumentException("a name has 1 to 255 bytes", nameof(name));
        var terminated = new byte[name.Length + 1];
        name.CopyTo(terminated);
        return terminated;
    }

    private void Run()
    {
        foreach (var notification in _queue.GetConsumingEnumerable())
        {
            var outcome = channel.Notify(notification.Code, notification.Body, notification.Name);
            if (outcome is Errno.ENODEV or Errno.ECONNABORTED) outcome = Errno.ENOTCONN;
            if (outcome is not (Errno.OK or Errno.ENOENT or Errno.ENOTCONN or Errno.ENOTEMPTY or Errno.EBUSY or Errno.EINVAL))
                log(FuseLogLevel.Warning, $"the kernel refused a notification ({notification.Code}): {outcome}", null);
            notification.Complete(outcome);
        }
    }
}
