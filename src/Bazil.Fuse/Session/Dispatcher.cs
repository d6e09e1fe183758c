using System.Runtime.CompilerServices;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Transport;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>
/// Parses requests, calls the handlers and sends their answers; the same for every transport. For any number of threads.
/// Every request that wants an answer gets exactly one: what a handler or the parser fails to give is an EIO.
/// </summary>
/// <param name="fileSystem">The handlers.</param>
/// <param name="capabilities">What was agreed when the mount started.</param>
/// <param name="mapException">See <see cref="FuseMountOptions.MapException"/>.</param>
/// <param name="log">Where failures are told.</param>
/// <param name="retrievals">Where cached data goes that was asked for.</param>
internal sealed partial class Dispatcher(
    FuseFileSystem fileSystem,
    FuseCapabilities capabilities,
    Func<Exception, Errno?>? mapException,
    FuseLog log,
    Retrievals? retrievals = null) : IDisposable
{
    private GoneRequesters? _gone;

    internal RequestsInFlight InFlight { get; } = new();

    public void Dispose() => _gone?.Dispose();

    /// <summary>
    /// Handles the request whose <paramref name="length"/> bytes lie in its buffer. True when it is finished and the
    /// caller may reuse it; false when its handler goes on and the request returns to where it came from by itself.
    /// </summary>
    internal bool Dispatch(FuseRequest request, IReplyChannel channel, int length)
    {
        if (request.TryBegin(channel, length)) return Dispatch(request);
        if (length >= Unsafe.SizeOf<Abi.InHeader>()) Report(request, request.Reply(Errno.EIO));
        log(FuseLogLevel.Error, $"a request of {length} bytes from the kernel has no valid header", null);
        return Recycle(request);
    }

    /// <summary>The same for a request that has begun.</summary>
    internal bool Dispatch(FuseRequest request)
    {
        if (HandledWithoutReply(request)) return Recycle(request);
        if (!InFlight.TryBegin(request, out var interrupted))
        {
            Malformed(request, default);
            return Recycle(request);
        }

        if (interrupted is not null) Cancel(interrupted);
        bool finished;
        try
        {
            finished = Handle(request);
        }
        catch (Exception exception) // The one place that maps what a handler throws before its first await.
        {
            Fail(request, exception);
            finished = true;
        }

        return !finished ? false : Finish(request);
    }

    internal void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (AggregateException exception) // A callback of the file system failed; its request is answered all the same.
        {
            log(FuseLogLevel.Error, "a cancellation callback of the file system threw", exception);
        }
    }

    private GoneRequesters Gone => _gone ?? Interlocked.CompareExchange(ref _gone, new GoneRequesters(InFlight, Cancel), null) ?? _gone;

    private bool Handle(FuseRequest request)
    {
        var reader = request.OpenReader();
        return request.Header.Opcode switch
        {
            Opcode.Lookup => Lookup(request, ref reader),
            Opcode.GetAttr => GetAttributes(request, ref reader),
            Opcode.SetAttr => SetAttributes(request, ref reader),
            Opcode.ReadLink => Complete(request, fileSystem.ReadLink(request.Context, request.Node, request.Token), SendLinkTarget),
            Opcode.Symlink => MakeSymbolicLink(request, ref reader),
            Opcode.MakeNode => MakeNode(request, ref reader),
            Opcode.MakeDirectory => MakeDirectory(request, ref reader),
            Opcode.Unlink => Unlink(request, ref reader),
            Opcode.RemoveDirectory => RemoveDirectory(request, ref reader),
            Opcode.Rename => Rename(request, ref reader),
            Opcode.Rename2 => Rename2(request, ref reader),
            Opcode.Link => MakeLink(request, ref reader),
            Opcode.Open => Open(request, ref reader),
            Opcode.Create => Create(request, ref reader),
            Opcode.TemporaryFile => CreateTemporary(request, ref reader),
            Opcode.Read => Read(request, ref reader),
            Opcode.Write => Write(request, ref reader),
            Opcode.Flush => Flush(request, ref reader),
            Opcode.Release => Release(request, ref reader),
            Opcode.Fsync => Fsync(request, ref reader),
            Opcode.Seek => Seek(request, ref reader),
            Opcode.Allocate => Allocate(request, ref reader),
            Opcode.CopyFileRange => CopyFileRange(request, ref reader, SendBytesCopied32),
            Opcode.CopyFileRange64 => CopyFileRange(request, ref reader, SendBytesCopied64),
            Opcode.OpenDirectory => OpenDirectory(request, ref reader),
            Opcode.ReadDirectory => ReadDirectory(request, ref reader, wantsPlus: false),
            Opcode.ReadDirectoryPlus => ReadDirectory(request, ref reader, wantsPlus: true),
            Opcode.ReleaseDirectory => ReleaseDirectory(request, ref reader),
            Opcode.FsyncDirectory => FsyncDirectory(request, ref reader),
            Opcode.StatFs => Complete(request, fileSystem.StatFs(request.Context, request.Node, request.Token), SendStatFs),
            Opcode.SyncFs => Complete(request, fileSystem.SyncFileSystem(request.Context, request.Node, request.Token)),
            Opcode.SetXattr => SetXattr(request, ref reader),
            Opcode.GetXattr => GetXattr(request, ref reader),
            Opcode.ListXattr => ListXattrs(request, ref reader),
            Opcode.RemoveXattr => RemoveXattr(request, ref reader),
            Opcode.Access => Access(request, ref reader),
            Opcode.Destroy => Answer(request, Errno.OK),
            Opcode.GetLock => GetLock(request, ref reader),
            Opcode.SetLock => SetLock(request, ref reader, wait: false),
            Opcode.SetLockWait => SetLock(request, ref reader, wait: true),
            Opcode.Ioctl => Ioctl(request, ref reader),
            Opcode.Poll => Poll(request, ref reader),
            Opcode.StatX => GetStatx(request, ref reader),

            // BMAP and DAX, which plain FUSE mounts do not have, and what a newer kernel may add: it does without.
            _ => Answer(request, Errno.ENOSYS),
        };
    }

    /// <summary>Answers what a handler returned: now when it is there, otherwise when it comes.</summary>
    private bool Complete<T>(FuseRequest request, ValueTask<Reply<T>> task, ReplySender<T> send)
    {
        if (task.IsCompleted)
        {
            Answer(request, task.GetAwaiter().GetResult(), send);
            return true;
        }

        _ = CompleteLater(request, task, send); // Never fails, and RequestsInFlight waits for it.
        Gone.Watch();
        return false;
    }

    private bool Complete(FuseRequest request, ValueTask<Errno> task)
    {
        if (task.IsCompleted) return Answer(request, task.GetAwaiter().GetResult());
        _ = CompleteLater(request, task); // Never fails, and RequestsInFlight waits for it.
        return false;
    }

    private async Task CompleteLater<T>(FuseRequest request, ValueTask<Reply<T>> task, ReplySender<T> send)
    {
        try
        {
            Answer(request, await task, send);
        }
        catch (Exception exception) // The one place that maps what a handler throws, after its first await.
        {
            Fail(request, exception);
        }

        Ended(request).Return();
    }

    private async Task CompleteLater(FuseRequest request, ValueTask<Errno> task)
    {
        try
        {
            Answer(request, await task);
        }
        catch (Exception exception) // As above.
        {
            Fail(request, exception);
        }

        Ended(request).Return();
    }

    private void Answer<T>(FuseRequest request, in Reply<T> reply, ReplySender<T> send)
    {
        if (reply.HasValue)
        {
            Report(request, send(this, request, reply.Value));
            return;
        }

        if (reply.IsUnset) log(FuseLogLevel.Error, $"{request.Header.Opcode} of node {request.Header.NodeId} was answered with a reply that nobody filled in", null);
        Answer(request, reply.Error);
    }

    private bool Answer(FuseRequest request, Errno error)
    {
        Report(request, request.Reply(error));
        return true;
    }

    private bool Malformed(FuseRequest request, in RequestReader reader)
    {
        if (reader.NameTooLong) return Answer(request, Errno.ENAMETOOLONG);
        log(FuseLogLevel.Error, $"malformed {request.Header.Opcode} request of {request.Header.Length} bytes from the kernel", null);
        return Answer(request, Errno.EIO);
    }

    /// <summary>Answers a request whose handler threw.</summary>
    private void Fail(FuseRequest request, Exception exception)
    {
        var error = Errno.EIO;
        if (exception is OperationCanceledException && request.Interrupted) error = Errno.EINTR;
        else if (mapException?.Invoke(exception) is { } mapped && mapped != Errno.OK) error = mapped;
        else log(FuseLogLevel.Error, $"{request.Header.Opcode} of node {request.Header.NodeId} failed", exception);
        if (request.Replied) return;
        if (request.Header.Opcode == Opcode.ReadDirectoryPlus) ForgetUnseen(request);
        Report(request, request.Reply(error));
    }

    private void Report(FuseRequest request, Errno outcome)
    {
        // Gone requests and gone mounts need no answer (fuse_dev_do_write).
        if (outcome is Errno.OK or Errno.ENOENT or Errno.ENODEV or Errno.ECONNABORTED) return;
        log(FuseLogLevel.Error, $"the kernel refused the answer to {request.Header.Opcode} of node {request.Header.NodeId}: {outcome}", null);
    }

    private bool Finish(FuseRequest request) => Recycle(Ended(request));

    private FuseRequest Ended(FuseRequest request)
    {
        InFlight.End(request);
        return request;
    }

    private static bool Recycle(FuseRequest request)
    {
        request.Reset();
        return true;
    }
}
