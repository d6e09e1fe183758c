using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>Somebody who wants a lock that another is in the way of.</summary>
internal sealed class LockWaiter(FuseNodeId node, ulong owner, FuseLock wanted)
{
    internal FuseNodeId Node { get; } = node;

    internal ulong Owner { get; } = owner;

    internal FuseLock Wanted { get; } = wanted;

    internal TaskCompletionSource<Errno> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
