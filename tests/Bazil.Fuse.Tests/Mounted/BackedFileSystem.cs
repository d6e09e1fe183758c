using System.Diagnostics.CodeAnalysis;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>One file, <c>f</c>, whose data the kernel is told to find in another. A read or write that came here would fail.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Destroy disposes what is owned.")]
internal sealed class BackedFileSystem : FuseFileSystem
{
    private static readonly FuseNodeId File = new(2);

    private readonly TempDirectory _directory = new("bazil-fuse-backing-");
    private FuseConnection _connection = null!;
    private FuseBackingId _backing;

    internal string Path => _directory["file"];

    internal Errno Outcome { get; private set; } = Errno.EOPNOTSUPP;

    public override void Initialize(FuseConnection connection)
    {
        _connection = connection;
        System.IO.File.WriteAllText(Path, "backing");
        using var file = System.IO.File.OpenHandle(Path, FileMode.Open, FileAccess.ReadWrite);
        Outcome = connection.TryOpenBacking(file, out _backing);
    }

    public override void Destroy()
    {
        if (!_backing.IsNone) _connection.CloseBacking(_backing);
        _directory.Dispose();
    }

    public override ValueTask<Reply<FuseEntry>> Lookup(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        name.SequenceEqual("f"u8) ? new(new FuseEntry { Node = File, Attributes = Attributes() }) : new(Errno.ENOENT);

    public override ValueTask<Reply<FuseTimedAttributes>> GetAttributes(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) =>
        node == File ? new(new FuseTimedAttributes(Attributes(), TimeSpan.Zero)) : base.GetAttributes(context, node, handle, cancellationToken);

    public override ValueTask<Reply<FuseOpened>> Open(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(new FuseOpened(default, FuseOpenFlags.None, _backing));

    private static FuseAttributes Attributes() => new() { Inode = 2, Mode = FuseMode.Regular | 0x1B6, LinkCount = 1, Size = 7 };
}
