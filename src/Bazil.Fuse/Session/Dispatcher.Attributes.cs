using System.Runtime.CompilerServices;
using Bazil.Fuse.Kernel;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>Requests about attributes and extended attributes.</summary>
internal sealed partial class Dispatcher
{
    /// <summary>FUSE_GETATTR_FH.</summary>
    private const uint GetAttrHandle = 1;

    /// <summary>Size of fuse_setxattr_in without FUSE_SETXATTR_EXT.</summary>
    private const int ShortSetXattrBytes = 8;

    /// <summary>FUSE_SETXATTR_ACL_KILL_SGID.</summary>
    private const uint AclKillSetGroupId = 1;

    private static readonly ReplySender<FuseTimedAttributes> SendAttributes = static (dispatcher, request, in attributes) =>
    {
        Abi.AttrOut body = default;
        body.Fill(attributes);
        return request.Reply(body);
    };

    private static readonly ReplySender<FuseStatFs> SendStatFs = static (dispatcher, request, in value) => request.Reply(value.ToKernel());

    /// <summary>A caller that offers no room asks for the size.</summary>
    private static readonly ReplySender<ReadOnlyMemory<byte>> SendXattrSize = static (dispatcher, request, in value) =>
        value.Length > FuseLimits.XattrBytes
            ? request.Reply(Errno.E2BIG)
            : request.Reply(new Abi.GetXattrOut { Size = (uint)value.Length });

    private static readonly ReplySender<ReadOnlyMemory<byte>> SendXattr = static (dispatcher, request, in value) =>
        value.Length > request.AskedBytes ? request.Reply(Errno.ERANGE) : request.Reply(Errno.OK, value.Span);

    private bool GetAttributes(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.GetAttrIn get)) return Malformed(request, reader);
        FuseHandle? handle = (get.Flags & GetAttrHandle) != 0 ? new FuseHandle(get.Handle) : null;
        return Complete(request, fileSystem.GetAttributes(request.Context, request.Node, handle, request.Token), SendAttributes);
    }

    private bool SetAttributes(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.SetAttrIn set)
            ? Complete(request, fileSystem.SetAttributes(request.Context, request.Node, set.ToChanges(), request.Token), SendAttributes)
            : Malformed(request, reader);

    private bool Access(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.AccessIn access)
            ? Complete(request, fileSystem.Access(request.Context, request.Node, (AccessMask)access.Mask, request.Token))
            : Malformed(request, reader);

    private bool SetXattr(FuseRequest request, ref RequestReader reader)
    {
        var size = (capabilities & FuseCapabilities.SetXattrExtended) != 0 ? Unsafe.SizeOf<Abi.SetXattrIn>() : ShortSetXattrBytes;
        if (!reader.TryTakePrefix(size, out Abi.SetXattrIn set)
            || !reader.TryTakeText(out var name, FuseLimits.NameBytes)
            || !reader.TryTakeBytes(set.Size, out var value)) return Malformed(request, reader);
        var flags = (XattrFlags)set.Flags & (XattrFlags.Create | XattrFlags.Replace);
        if ((set.ExtendedFlags & AclKillSetGroupId) != 0) flags |= XattrFlags.ClearSetGroupId;
        return Complete(request, fileSystem.SetXattr(request.Context, request.Node, name, value, flags, request.Token));
    }

    private bool GetXattr(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.GetXattrIn get) || !reader.TryTakeText(out var name, FuseLimits.NameBytes)) return Malformed(request, reader);
        request.AskedBytes = get.Size;
        var task = fileSystem.GetXattr(request.Context, request.Node, name, request.Token);
        return Complete(request, task, get.Size == 0 ? SendXattrSize : SendXattr);
    }

    private bool ListXattrs(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.GetXattrIn get)) return Malformed(request, reader);
        request.AskedBytes = get.Size;
        var task = fileSystem.ListXattrs(request.Context, request.Node, request.Token);
        return Complete(request, task, get.Size == 0 ? SendXattrSize : SendXattr);
    }

    private bool RemoveXattr(FuseRequest request, ref RequestReader reader) =>
        reader.TryTakeText(out var name, FuseLimits.NameBytes)
            ? Complete(request, fileSystem.RemoveXattr(request.Context, request.Node, name, request.Token))
            : Malformed(request, reader);
}
