using System.Text;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>Stands for a kernel: notes what it is told to drop. For one thread at a time.</summary>
internal sealed class RecordingNotifier : IFuseNotifier
{
    private static readonly Task<Errno> Done = Task.FromResult(Errno.OK);

    public HashSet<(ulong Parent, string Name)> Names { get; } = [];

    /// <summary>Nodes whose attributes and pages (of a directory: whose listing) were dropped.</summary>
    public HashSet<ulong> Nodes { get; } = [];

    public Task<Errno> InvalidateInode(FuseNodeId node, long offset, long length)
    {
        if (offset == 0 && length == 0) Nodes.Add(node.Value);
        return Done;
    }

    public Task<Errno> InvalidateEntry(FuseNodeId parent, ReadOnlySpan<byte> name)
    {
        Names.Add((parent.Value, Encoding.UTF8.GetString(name)));
        return Done;
    }

    public Task<Errno> ExpireEntry(FuseNodeId parent, ReadOnlySpan<byte> name) => throw new NotSupportedException();

    public Task<Errno> DeleteEntry(FuseNodeId parent, FuseNodeId child, ReadOnlySpan<byte> name) => throw new NotSupportedException();

    public Task<Errno> Store(FuseNodeId node, long offset, ReadOnlySpan<byte> data) => throw new NotSupportedException();

    public Task<byte[]?> Retrieve(FuseNodeId node, long offset, int count) => throw new NotSupportedException();

    public Task<Errno> WakePoll(FusePollHandle waiter) => throw new NotSupportedException();

    public Task<Errno> ExpireAllEntries() => throw new NotSupportedException();

    public Task<Errno> Resend() => throw new NotSupportedException();
}
