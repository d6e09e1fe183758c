using Bazil.Fuse.Kernel;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>Requests about names.</summary>
internal sealed partial class Dispatcher
{
    private static readonly ReplySender<FuseEntry> SendEntry = static (dispatcher, request, in entry) =>
    {
        Abi.EntryOut body = default;
        body.Fill(entry);
        var outcome = request.Reply(body);
        if (outcome != Errno.OK && !entry.Node.IsNone) dispatcher.Forget(entry.Node, 1);
        return outcome;
    };

    private static readonly ReplySender<ReadOnlyMemory<byte>> SendLinkTarget = static (dispatcher, request, in target) =>
        target.Length is 0 or > FuseLimits.LinkTargetBytes ? request.Reply(Errno.EIO) : request.Reply(Errno.OK, target.Span);

    private bool Lookup(FuseRequest request, ref RequestReader reader) =>
        reader.TryTakeName(out var name, allowDots: true)
            ? Complete(request, fileSystem.Lookup(request.Context, request.Node, name, request.Token), SendEntry)
            : Malformed(request, reader);

    private bool MakeSymbolicLink(FuseRequest request, ref RequestReader reader) =>
        reader.TryTakeName(out var name) && reader.TryTakeText(out var target, FuseLimits.LinkTargetBytes)
            ? Complete(request, fileSystem.MakeSymbolicLink(request.Context, request.Node, name, target, request.Token), SendEntry)
            : Malformed(request, reader);

    private bool MakeDirectory(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.MakeDirectoryIn make) && reader.TryTakeName(out var name)
            ? Complete(request, fileSystem.MakeDirectory(request.Context, request.Node, name, make.Mode, make.Umask, request.Token), SendEntry)
            : Malformed(request, reader);

    private bool MakeNode(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.MakeNodeIn make) && reader.TryTakeName(out var name)
            ? Complete(
                request,
                fileSystem.MakeNode(request.Context, request.Node, name, make.Mode, make.Device, make.Umask, request.Token),
                SendEntry)
            : Malformed(request, reader);

    private bool MakeLink(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.LinkIn link) && reader.TryTakeName(out var name)
            ? Complete(
                request,
                fileSystem.MakeLink(request.Context, new FuseNodeId(link.OldNodeId), request.Node, name, request.Token),
                SendEntry)
            : Malformed(request, reader);

    private bool Unlink(FuseRequest request, ref RequestReader reader) =>
        reader.TryTakeName(out var name)
            ? Complete(request, fileSystem.Unlink(request.Context, request.Node, name, request.Token))
            : Malformed(request, reader);

    private bool RemoveDirectory(FuseRequest request, ref RequestReader reader) =>
        reader.TryTakeName(out var name)
            ? Complete(request, fileSystem.RemoveDirectory(request.Context, request.Node, name, request.Token))
            : Malformed(request, reader);

    private bool Rename(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.RenameIn rename)
            ? Rename(request, ref reader, rename.NewParent, RenameFlags.None)
            : Malformed(request, reader);

    private bool Rename2(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.Rename2In rename)
            ? Rename(request, ref reader, rename.NewParent, (RenameFlags)rename.Flags)
            : Malformed(request, reader);

    private bool Rename(FuseRequest request, ref RequestReader reader, ulong newParent, RenameFlags flags) =>
        reader.TryTakeName(out var name) && reader.TryTakeName(out var newName)
            ? Complete(
                request,
                fileSystem.Rename(request.Context, request.Node, name, new FuseNodeId(newParent), newName, flags, request.Token))
            : Malformed(request, reader);
}
