using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Bazil.Fuse.Kernel;

namespace Bazil.Fuse.Session;

/// <summary>Requests about what files can do beyond reading and writing.</summary>
internal sealed partial class Dispatcher
{
    /// <summary>FUSE_POLL_SCHEDULE_NOTIFY: somebody is about to sleep.</summary>
    private const uint PollScheduleNotify = 1;

    /// <summary>The output lies where it was lent, behind the struct.</summary>
    private static readonly ReplySender<int> SendIoctlResult = static (dispatcher, request, in result) =>
    {
        var bytes = request.Data(Unsafe.SizeOf<Abi.IoctlOut>() + (int)request.AskedBytes).Span;
        MemoryMarshal.Write(bytes, new Abi.IoctlOut { Result = result });
        return request.Reply(Unix.Errno.OK, bytes);
    };

    private static readonly ReplySender<FusePollEvents> SendPollEvents = static (dispatcher, request, in events) =>
        request.Reply(new Abi.PollOut { Events = (uint)events });

    private static readonly ReplySender<FuseStatx> SendStatx = static (dispatcher, request, in statx) => request.Reply(statx.ToKernel());

    private bool Ioctl(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.IoctlIn ioctl)
            || !reader.TryTakeBytes(ioctl.InputBytes, out var input)
            || !request.FitsData(ioctl.OutputBytes + (uint)Unsafe.SizeOf<Abi.IoctlOut>())) return Malformed(request, reader);
        // The output is written where the input lies, so the handler gets a copy; ioctls are small and rare.
        var copy = input.ToArray();
        var output = request.Data(Unsafe.SizeOf<Abi.IoctlOut>() + (int)ioctl.OutputBytes)[Unsafe.SizeOf<Abi.IoctlOut>()..];
        output.Span.Clear();
        request.AskedBytes = ioctl.OutputBytes;
        return Complete(
            request,
            fileSystem.Ioctl(
                request.Context,
                request.Node,
                new FuseHandle(ioctl.Handle),
                ioctl.Command,
                ioctl.Argument,
                (FuseIoctlFlags)ioctl.Flags,
                copy,
                output,
                request.Token),
            SendIoctlResult);
    }

    private bool Poll(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.PollIn poll)) return Malformed(request, reader);
        FusePollHandle? waiter = (poll.Flags & PollScheduleNotify) != 0 ? new FusePollHandle(poll.KernelHandle) : null;
        return Complete(
            request,
            fileSystem.Poll(request.Context, request.Node, new FuseHandle(poll.Handle), (FusePollEvents)poll.Events, waiter, request.Token),
            SendPollEvents);
    }

    private bool GetStatx(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.StatxIn get)) return Malformed(request, reader);
        FuseHandle? handle = (get.GetAttrFlags & GetAttrHandle) != 0 ? new FuseHandle(get.Handle) : null;
        return Complete(request, fileSystem.GetStatx(request.Context, request.Node, handle, request.Token), SendStatx);
    }
}
