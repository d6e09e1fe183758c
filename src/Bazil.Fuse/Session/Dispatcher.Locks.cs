using Bazil.Fuse.Kernel;

namespace Bazil.Fuse.Session;

/// <summary>Requests about locks.</summary>
internal sealed partial class Dispatcher
{
    private static readonly ReplySender<FuseLock> SendLock = static (dispatcher, request, in held) => request.Reply(held.ToKernel());

    private bool GetLock(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.LockIn get)
            ? Complete(
                request,
                fileSystem.GetLock(request.Context, request.Node, new FuseHandle(get.Handle), get.Owner, get.ToLock(), request.Token),
                SendLock)
            : Malformed(request, reader);

    private bool SetLock(FuseRequest request, ref RequestReader reader, bool wait) =>
        reader.TryTake(out Abi.LockIn set)
            ? Complete(
                request,
                fileSystem.SetLock(request.Context, request.Node, new FuseHandle(set.Handle), set.Owner, set.ToLock(), wait, request.Token))
            : Malformed(request, reader);
}
