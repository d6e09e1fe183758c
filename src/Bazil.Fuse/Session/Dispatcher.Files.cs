using Bazil.Fuse.Kernel;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>Requests about open files and their data.</summary>
internal sealed partial class Dispatcher
{
    /// <summary>FUSE_FSYNC_FDATASYNC.</summary>
    private const uint DataOnly = 1;

    /// <summary>FUSE_OPEN_KILL_SUIDGID.</summary>
    private const uint OpenKillSuidGid = 1;

    /// <summary>FUSE_RELEASE_FLOCK_UNLOCK.</summary>
    private const uint ReleaseFlockUnlock = 2;

    private static readonly ReplySender<FuseOpened> SendOpened = static (dispatcher, request, in opened) =>
    {
        var outcome = request.Reply(opened.ToKernel());
        if (outcome != Errno.OK) dispatcher.ReleaseUnseen(request, request.Node, opened.Handle);
        return outcome;
    };

    private static readonly ReplySender<FuseCreated> SendCreated = static (dispatcher, request, in created) =>
    {
        Abi.CreateOut body = default;
        body.Entry.Fill(created.Entry);
        body.Open = created.Opened.ToKernel();
        var outcome = request.Reply(body);
        if (outcome == Errno.OK) return outcome;
        dispatcher.ReleaseUnseen(request, created.Entry.Node, created.Opened.Handle);
        dispatcher.Forget(created.Entry.Node, 1);
        return outcome;
    };

    private static readonly ReplySender<FuseReadResult> SendData = static (dispatcher, request, in result) =>
    {
        using var owner = result.Owner;
        var data = result.Count >= 0 ? request.Data(result.Count).Span : result.Memory.Span;
        return (uint)data.Length > request.AskedBytes ? dispatcher.TooMuchData(request, data.Length) : request.Reply(Errno.OK, data);
    };

    private static readonly ReplySender<int> SendBytesWritten = static (dispatcher, request, in count) =>
        (uint)count > request.AskedBytes
            ? dispatcher.TooMuchData(request, count)
            : request.Reply(new Abi.WriteOut { Size = (uint)count });

    private static readonly ReplySender<long> SendOffset = static (dispatcher, request, in offset) =>
        request.Reply(new Abi.SeekOut { Offset = (ulong)offset });

    private static readonly ReplySender<long> SendBytesCopied32 = static (dispatcher, request, in count) =>
        request.Reply(new Abi.WriteOut { Size = (uint)Math.Clamp(count, 0, uint.MaxValue) });

    private static readonly ReplySender<long> SendBytesCopied64 = static (dispatcher, request, in count) =>
        request.Reply(new Abi.CopyFileRangeOut { BytesCopied = (ulong)count });

    private bool Open(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.OpenIn open)
            ? Complete(request, fileSystem.Open(request.Context, request.Node, ModeOf(open.Flags, open.OpenFlags), request.Token), SendOpened)
            : Malformed(request, reader);

    private bool Create(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.CreateIn create) && reader.TryTakeName(out var name)
            ? Complete(
                request,
                fileSystem.Create(
                    request.Context, request.Node, name, create.Mode, create.Umask, ModeOf(create.Flags, create.OpenFlags), request.Token),
                SendCreated)
            : Malformed(request, reader);

    private bool CreateTemporary(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.CreateIn create)
            ? Complete(
                request,
                fileSystem.CreateTemporary(
                    request.Context, request.Node, create.Mode, create.Umask, new FuseOpenMode(create.Flags), request.Token),
                SendCreated)
            : Malformed(request, reader);

    private bool Read(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.ReadIn read) || !request.FitsData(read.Size)) return Malformed(request, reader);
        request.AskedBytes = read.Size;
        var buffer = request.Data((int)read.Size);
        return Complete(
            request,
            fileSystem.Read(request.Context, request.Node, new FuseHandle(read.Handle), (long)read.Offset, buffer, request.Token),
            SendData);
    }

    private bool Write(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.WriteIn write) || write.Size > (uint)reader.Rest.Length) return Malformed(request, reader);
        request.AskedBytes = write.Size;
        return Complete(
            request,
            fileSystem.Write(
                request.Context,
                request.Node,
                new FuseHandle(write.Handle),
                (long)write.Offset,
                request.Data((int)write.Size),
                (FuseWriteFlags)write.WriteFlags,
                request.Token),
            SendBytesWritten);
    }

    private bool Flush(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.FlushIn flush)
            ? Complete(
                request,
                fileSystem.Flush(request.Context, request.Node, new FuseHandle(flush.Handle), flush.LockOwner, request.Token))
            : Malformed(request, reader);

    private bool Release(FuseRequest request, ref RequestReader reader)
    {
        if (!reader.TryTake(out Abi.ReleaseIn release)) return Malformed(request, reader);
        var handle = new FuseHandle(release.Handle);
        if ((release.ReleaseFlags & ReleaseFlockUnlock) != 0) fileSystem.ReleaseLocks(request.Node, handle, release.LockOwner);
        return Complete(
            request, fileSystem.Release(request.Context, request.Node, handle, new FuseOpenMode(release.Flags), request.Token));
    }

    private bool Fsync(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.FsyncIn fsync)
            ? Complete(
                request,
                fileSystem.Fsync(
                    request.Context, request.Node, new FuseHandle(fsync.Handle), (fsync.Flags & DataOnly) != 0, request.Token))
            : Malformed(request, reader);

    private bool Seek(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.SeekIn seek)
            ? Complete(
                request,
                fileSystem.Seek(
                    request.Context, request.Node, new FuseHandle(seek.Handle), (long)seek.Offset, (SeekWhence)seek.Whence, request.Token),
                SendOffset)
            : Malformed(request, reader);

    private bool Allocate(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.AllocateIn allocate)
            ? Complete(
                request,
                fileSystem.Allocate(
                    request.Context,
                    request.Node,
                    new FuseHandle(allocate.Handle),
                    (long)allocate.Offset,
                    (long)allocate.Length,
                    (AllocateModes)allocate.Mode,
                    request.Token))
            : Malformed(request, reader);

    private bool CopyFileRange(FuseRequest request, ref RequestReader reader, ReplySender<long> send)
    {
        if (!reader.TryTake(out Abi.CopyFileRangeIn copy)) return Malformed(request, reader);
        var source = new FileRange(request.Node, new FuseHandle(copy.HandleIn), (long)copy.OffsetIn);
        var target = new FileRange(new FuseNodeId(copy.NodeIdOut), new FuseHandle(copy.HandleOut), (long)copy.OffsetOut);
        // Positions are signed in the kernel; a length beyond that means as much as there is.
        var length = (long)Math.Min(copy.Length, long.MaxValue);
        return Complete(request, fileSystem.CopyFileRange(request.Context, source, target, length, request.Token), send);
    }

    private static FuseOpenMode ModeOf(uint flags, uint openFlags) => new(flags) { KillSuidGid = (openFlags & OpenKillSuidGid) != 0 };

    /// <summary>The kernel never learned of this handle, so no RELEASE will come for it.</summary>
    private void ReleaseUnseen(FuseRequest request, FuseNodeId node, FuseHandle handle) =>
        _ = Quietly(fileSystem.Release(request.Context, node, handle, default, CancellationToken.None), "release of an unseen handle");

    private void ReleaseUnseenDirectory(FuseRequest request, FuseHandle handle) =>
        _ = Quietly(
            fileSystem.ReleaseDirectory(request.Context, request.Node, handle, default, CancellationToken.None),
            "release of an unseen directory handle");

    private async Task Quietly(ValueTask<Errno> task, string what)
    {
        try
        {
            await task;
        }
        catch (Exception exception) // Nobody waits for this outcome.
        {
            log(FuseLogLevel.Error, what + " failed", exception);
        }
    }

    private Errno TooMuchData(FuseRequest request, int count)
    {
        log(FuseLogLevel.Error, $"{request.Header.Opcode} of node {request.Header.NodeId} was asked for {request.AskedBytes} bytes and answered {count}", null);
        return request.Reply(Errno.EIO);
    }
}
