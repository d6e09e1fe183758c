using Bazil.Core;
using Bazil.FileSystem.Dynamic;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Ranges of open files: holes, reservations, copies.
public sealed partial class Volume
{
    internal async ValueTask<Reply<long>> SeekAsync(FuseHandle handle, long offset, SeekWhence whence, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(handle.Value, out OpenHandle? open)) return Errno.EBADF;
        if (offset < 0 || whence is not (SeekWhence.Data or SeekWhence.Hole)) return Errno.EINVAL;
        return await open.File.SeekAsync((ulong)offset, whence == SeekWhence.Data, cancel) is { } found ? (long)found : Errno.ENXIO;
    }

    /// <summary>
    /// fallocate(2). A reservation only checks that there is so much space now: what content will take on disk depends on
    /// what it is.
    /// </summary>
    internal async ValueTask<Errno> AllocateAsync(FuseHandle handle, long offset, long length, AllocateModes modes, CancellationToken cancel)
    {
        const AllocateModes Zeroing = AllocateModes.PunchHole | AllocateModes.ZeroRange;
        if (!_handles.TryGetValue(handle.Value, out OpenHandle? open)) return Errno.EBADF;
        if (Failure is not null) return Errno.EROFS;
        if ((modes & ~(AllocateModes.KeepSize | Zeroing)) != 0 || (modes & Zeroing) == Zeroing) return Errno.EOPNOTSUPP;
        if (offset < 0 || length <= 0) return Errno.EINVAL;
        if (offset > long.MaxValue - length) return Errno.EFBIG;
        if ((modes & AllocateModes.PunchHole) == 0 && !HasSpace(length)) return Errno.ENOSPC;
        OpenFile file = open.File;
        await EnterChangeAsync(file, cancel);
        try
        {
            if (!file.HasUnsaved) file.StartDirtyTime(_options.Clock.GetTimestamp());
            if ((modes & Zeroing) != 0) await file.ZeroAsync((ulong)offset, (ulong)length, Now(), cancel);
            bool grows = (modes & AllocateModes.KeepSize) == 0 && (ulong)(offset + length) > file.SizeBytes;
            if (grows) await file.TruncateAsync((ulong)(offset + length), Now(), cancel);
            else if ((modes & Zeroing) == 0) file.Touch(Now());
        }
        finally
        {
            ExitChange(file);
        }

        return Errno.OK;
    }

    /// <summary>copy_file_range(2), in one go whatever the length. Answers the bytes copied.</summary>
    internal async ValueTask<Reply<long>> CopyRangeAsync(FileRange source, FileRange target, long length, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(source.Handle.Value, out OpenHandle? from) || !_handles.TryGetValue(target.Handle.Value, out OpenHandle? to)) return Errno.EBADF;
        ContentValue content;
        await from.File.Gate.WaitAsync(cancel);
        try
        {
            content = await from.File.FreezeAsync(cancel);
            lock (_gate) NoteCopy(to.File, VouchedBeside(from.File), from.File.IsCopiedFromSnapshot);
        }
        finally
        {
            from.File.Gate.Release();
        }

        return await CopyStoredAsync(content, from.File.AllocatedBytes is not null, source.Offset, target, length, cancel);
    }

    /// <summary>
    /// The same from a file of a snapshot. What no snapshot keeps, be it removed meanwhile or an alternate, may lack chunks already:
    /// then EXDEV, upon which the kernel reads and writes the bytes.
    /// </summary>
    internal ValueTask<Reply<long>> CopyRangeAsync(ValueContent source, long sourceOffset, FileRange target, long length, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(target.Handle.Value, out OpenHandle? to)) return new(Errno.EBADF);
        lock (_gate)
        {
            if (source.Snapshot.IsNone || !ListSnapshots().Any(snapshot => snapshot.Key == source.Snapshot)) return new(Errno.EXDEV);
            NoteCopy(to.File, _store.State.Knowledge, isFromSnapshot: true);
        }

        return CopyStoredAsync(source.Value, mayHaveHoles: false, sourceOffset, target, length, cancel);
    }

    /// <summary>Until a file with copies is published, this node vouches for nothing that replaced what was copied. Under the gate.</summary>
    private static void NoteCopy(OpenFile file, Knowledge vouched, bool isFromSnapshot)
    {
        file.CopiedKnowledge = file.CopiedKnowledge is { } before ? before.Meet(vouched) : vouched;
        file.IsCopiedFromSnapshot |= isFromSnapshot;
    }

    /// <summary>The rows have the content of an open file now. Under the gate.</summary>
    private void NotePublished(OpenFile file)
    {
        file.SeenKnowledge = _store.State.Knowledge;
        file.CopiedKnowledge = null;
        file.IsCopiedFromSnapshot = false;
    }

    private async ValueTask<Reply<long>> CopyStoredAsync(
        ContentValue source, bool mayHaveHoles, long sourceOffset, FileRange target, long length, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(target.Handle.Value, out OpenHandle? to)) return Errno.EBADF;
        if (Failure is not null) return Errno.EROFS;
        if (sourceOffset < 0 || target.Offset < 0) return Errno.EINVAL;
        if (target.Offset > long.MaxValue - length) return Errno.EFBIG;
        OpenFile file = to.File;
        await EnterChangeAsync(file, cancel);
        try
        {
            if (!file.HasUnsaved) file.StartDirtyTime(_options.Clock.GetTimestamp());
            return (long)await file.CopyAsync(source, mayHaveHoles, (ulong)sourceOffset, (ulong)target.Offset, (ulong)length, Now(), cancel);
        }
        finally
        {
            ExitChange(file);
        }
    }

    private bool HasSpace(long length)
    {
        FuseStatFs space = Statistics();
        return (ulong)length / space.FragmentSize <= space.BlocksAvailable;
    }
}
