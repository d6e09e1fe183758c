using System.Buffers.Binary;
using Bazil.Fuse.Examples;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>The memory file system with what it has no use for itself: a device of a kind, opens that are not sent, two node ids for one inode.</summary>
internal sealed class ProbeFileSystem() : MemoryFileSystem(TimeProvider.System, 1 << 26)
{
    /// <summary>_IOWR('b', 1, uint32_t): adds one.</summary>
    internal const uint AddOne = 0xC0046201;

    /// <summary>_IO('b', 2): answers 42.</summary>
    internal const uint Answer = 0x00006202;

    internal bool RefusesOpens { get; init; }

    internal TaskCompletionSource<FusePollHandle> Polled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal volatile bool Ready;
    internal int Opens;
    internal int DirectoryOpens;
    internal int Syncs;

    public override ValueTask<Reply<FuseOpened>> Open(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref Opens);
        return RefusesOpens ? new(Errno.ENOSYS) : base.Open(context, node, flags, cancellationToken);
    }

    public override ValueTask<Reply<FuseOpened>> OpenDirectory(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref DirectoryOpens);
        return RefusesOpens ? new(Errno.ENOSYS) : base.OpenDirectory(context, node, flags, cancellationToken);
    }

    public override ValueTask<Errno> SyncFileSystem(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref Syncs);
        return new(Errno.OK);
    }

    public override ValueTask<Reply<int>> Ioctl(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        uint command,
        ulong argument,
        FuseIoctlFlags flags,
        ReadOnlyMemory<byte> input,
        Memory<byte> output,
        CancellationToken cancellationToken)
    {
        switch (command)
        {
            case AddOne:
                BinaryPrimitives.WriteUInt32LittleEndian(output.Span, BinaryPrimitives.ReadUInt32LittleEndian(input.Span) + 1);
                return new((flags & FuseIoctlFlags.Directory) != 0 ? 1 : 0);
            case Answer:
                return new(42);
            default:
                return base.Ioctl(context, node, handle, command, argument, flags, input, output, cancellationToken);
        }
    }

    public override ValueTask<Reply<FusePollEvents>> Poll(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        FusePollEvents events,
        FusePollHandle? waiter,
        CancellationToken cancellationToken)
    {
        if (waiter is { } sleeper) Polled.TrySetResult(sleeper);
        return new(Ready ? FusePollEvents.Readable : FusePollEvents.None);
    }
}
