using System.Text;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>
/// One file, <c>f</c>, whose reads the test answers. The kernel caches attributes and names as long as it likes, so that
/// what it asks for again is what it was told to drop.
/// </summary>
internal sealed class ScriptedFileSystem : FuseFileSystem
{
    internal static readonly FuseNodeId File = new(2);

    /// <summary>How a read is answered; given what it was lent.</summary>
    internal Func<Memory<byte>, CancellationToken, ValueTask<Reply<FuseReadResult>>> OnRead { get; set; } = (_, _) => new(Errno.EIO);

    /// <summary>What a lookup waits for.</summary>
    internal Func<Task>? BeforeLookup { get; set; }

    internal FuseOpenFlags OpenFlags { get; set; } = FuseOpenFlags.DirectIo;

    internal TimeSpan Timeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The node id under which the next lookup finds the file; its inode number stays.</summary>
    internal FuseNodeId CurrentNode { get; set; } = File;

    /// <summary>The name under which the file is found.</summary>
    internal string Name { get; set; } = "f";

    internal long Size { get; set; } = 1 << 20;

    internal TaskCompletionSource Destroyed { get; } = new();

    internal int Lookups;
    internal int Reads;
    internal int ResentReads;

    public override ValueTask<Reply<FuseEntry>> Lookup(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref Lookups);
        var entry = Encoding.UTF8.GetString(name) == Name
            ? new FuseEntry { Node = CurrentNode, EntryTimeout = Timeout, AttributeTimeout = Timeout, Attributes = Attributes() }
            : FuseEntry.Negative(Timeout);
        return BeforeLookup is { } before ? Later(before(), entry) : new(entry);
    }

    public override ValueTask<Reply<FuseTimedAttributes>> GetAttributes(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) =>
        node == File || node == CurrentNode
            ? new(new FuseTimedAttributes(Attributes(), Timeout))
            : base.GetAttributes(context, node, handle, cancellationToken);

    public override ValueTask<Reply<FuseOpened>> Open(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(new FuseOpened(default, OpenFlags));

    public override ValueTask<Reply<FuseReadResult>> Read(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref Reads);
        if (context.IsResent) Interlocked.Increment(ref ResentReads);
        return OnRead(buffer, cancellationToken);
    }

    public override void Destroy() => Destroyed.TrySetResult();

    internal static FuseReadResult Fill(Memory<byte> buffer, string text) =>
        FuseReadResult.Filled(Encoding.UTF8.GetBytes(text, buffer.Span));

    private static async ValueTask<Reply<FuseEntry>> Later(Task task, FuseEntry entry)
    {
        await task;
        return entry;
    }

    private FuseAttributes Attributes() =>
        new() { Inode = 2, Mode = FuseMode.Regular | 0x1B6, LinkCount = 1, Size = Size }; // rw-rw-rw-
}
