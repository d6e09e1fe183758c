using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Bazil.Fuse.Kernel;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>Requests about open directories.</summary>
internal sealed partial class Dispatcher
{
    private static readonly ReplySender<FuseOpened> SendOpenedDirectory = static (dispatcher, request, in opened) =>
    {
        var outcome = request.Reply(opened.ToKernel());
        if (outcome != Errno.OK) dispatcher.ReleaseUnseenDirectory(request, opened.Handle);
        return outcome;
    };

    private bool OpenDirectory(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.OpenIn open)
            ? Complete(
                request,
                fileSystem.OpenDirectory(request.Context, request.Node, new FuseOpenMode(open.Flags), request.Token),
                SendOpenedDirectory)
            : Malformed(request, reader);

    private bool ReadDirectory(FuseRequest request, ref RequestReader reader, bool wantsPlus)
    {
        if (!reader.TryTake(out Abi.ReadIn read) || !request.FitsData(read.Size)) return Malformed(request, reader);
        request.Directory.Lend(request.Data((int)read.Size), wantsPlus);
        var task = fileSystem.ReadDirectory(
            request.Context, request.Node, new FuseHandle(read.Handle), (long)read.Offset, request.Directory, request.Token);
        if (task.IsCompleted)
        {
            SendDirectory(request, task.GetAwaiter().GetResult());
            return true;
        }

        _ = CompleteDirectoryLater(request, task); // Never fails, and RequestsInFlight waits for it.
        return false;
    }

    private async Task CompleteDirectoryLater(FuseRequest request, ValueTask<Errno> task)
    {
        try
        {
            SendDirectory(request, await task);
        }
        catch (Exception exception) // As in CompleteLater.
        {
            Fail(request, exception);
        }

        Ended(request).Return();
    }

    private void SendDirectory(FuseRequest request, Errno error)
    {
        var directory = request.Directory;
        // Entries that were added count as lookups and must reach the kernel; the error comes again with the next read.
        if (error != Errno.OK && directory.IsEmpty)
        {
            Answer(request, error);
            return;
        }

        var outcome = request.Reply(Errno.OK, request.Data(directory.Used).Span);
        if (outcome != Errno.OK) ForgetUnseen(request);
        Report(request, outcome);
    }

    private bool ReleaseDirectory(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.ReleaseIn release)
            ? Complete(
                request,
                fileSystem.ReleaseDirectory(
                    request.Context, request.Node, new FuseHandle(release.Handle), new FuseOpenMode(release.Flags), request.Token))
            : Malformed(request, reader);

    private bool FsyncDirectory(FuseRequest request, ref RequestReader reader) =>
        reader.TryTake(out Abi.FsyncIn fsync)
            ? Complete(
                request,
                fileSystem.FsyncDirectory(
                    request.Context, request.Node, new FuseHandle(fsync.Handle), (fsync.Flags & DataOnly) != 0, request.Token))
            : Malformed(request, reader);

    /// <summary>Takes back the lookups of a read that threw or was not received.</summary>
    private void ForgetUnseen(FuseRequest request)
    {
        if (!request.Directory.WantsPlus) return;
        var records = request.Data(request.Directory.Used).Span;
        while (records.Length >= Unsafe.SizeOf<Abi.DirentPlus>())
        {
            var plus = MemoryMarshal.Read<Abi.DirentPlus>(records);
            if (plus.Entry.NodeId != 0) Forget(new FuseNodeId(plus.Entry.NodeId), 1);
            records = records[DirectoryBuffer.PlusRecordBytes((int)plus.Dirent.NameLength)..];
        }
    }
}
