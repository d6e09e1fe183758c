using System.Text;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>The tutorial of the library's README, word for word.</summary>
internal sealed class HelloFileSystem : FuseFileSystem
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes("Hello, kernel!\n");
    private static readonly FuseNodeId Hello = new(2);
    private static readonly TimeSpan Valid = TimeSpan.FromSeconds(1);
    private static readonly FuseAttributes File = new() { Inode = 2, Mode = FuseMode.Regular | 0x124, LinkCount = 1, Size = Text.Length };

    public override ValueTask<Reply<FuseEntry>> Lookup(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        name.SequenceEqual("hello"u8)
            ? new(new FuseEntry { Node = Hello, EntryTimeout = Valid, AttributeTimeout = Valid, Attributes = File })
            : new(Errno.ENOENT);

    public override ValueTask<Reply<FuseTimedAttributes>> GetAttributes(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) =>
        node == Hello ? new(new FuseTimedAttributes(File, Valid)) : base.GetAttributes(context, node, handle, cancellationToken);

    public override ValueTask<Errno> ReadDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, DirectoryBuffer buffer, CancellationToken cancellationToken)
    {
        if (offset == 0) buffer.TryAdd("hello"u8, File.Inode, FuseFileType.Regular, nextOffset: 1);
        return new(Errno.OK);
    }

    public override ValueTask<Reply<FuseReadResult>> Read(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var rest = Text.AsSpan((int)Math.Min(offset, Text.Length));
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer.Span);
        return new(FuseReadResult.Filled(count));
    }
}
