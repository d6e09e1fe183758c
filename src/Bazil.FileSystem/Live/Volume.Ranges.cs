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
        ulong? found = await ReadContentAsync(
            ContentUse.ReadOf(open.File.Inode, (ulong)offset), (open.File, Offset: (ulong)offset, IsData: whence == SeekWhence.Data), static (seek, cancel) => seek.File.SeekAsync(seek.Offset, seek.IsData, cancel), cancel);
        return found is { } at ? (long)at : Errno.ENXIO;
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
        await ChangeContentAsync(
            open.File,
            (ulong)offset,
            (Volume: this, open.File, Offset: (ulong)offset, Length: (ulong)length, Modes: modes),
            static (range, cancel) => (range.Modes & Zeroing) != 0 ? range.File.BringForZeroAsync(range.Offset, range.Length, cancel) : new(true),
            static async (range, cancel) =>
            {
                UnixTime now = range.Volume.Now();
                if ((range.Modes & Zeroing) != 0) await range.File.ZeroAsync(range.Offset, range.Length, now, cancel);
                bool grows = (range.Modes & AllocateModes.KeepSize) == 0 && range.Offset + range.Length > range.File.SizeBytes;
                if (grows) await range.File.TruncateAsync(range.Offset + range.Length, now, cancel);
                else if ((range.Modes & Zeroing) == 0) range.File.Touch(now);
                return true;
            },
            cancel);
        return Errno.OK;
    }

    /// <summary>copy_file_range(2), whatever the length. Answers the bytes copied.</summary>
    internal async ValueTask<Reply<long>> CopyRangeAsync(FileRange source, FileRange target, long length, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(source.Handle.Value, out OpenHandle? from) || !_handles.TryGetValue(target.Handle.Value, out OpenHandle? to)) return Errno.EBADF;
        ArrivingCopy copy;
        await from.File.Gate.WaitAsync(cancel);
        try
        {
            ContentValue content = await from.File.FreezeAsync(cancel);
            lock (_gate) to.File.Arriving.Add(copy = new ArrivingCopy(content, VouchedBeside(from.File), from.File.IsCopiedFromSnapshot || from.File.Arriving.Exists(static other => other.IsFromSnapshot)));
        }
        finally
        {
            from.File.Gate.Release();
        }

        return await CopyStoredAsync(copy, from.File.AllocatedBytes is not null, source.Offset, target, to.File, length, cancel);
    }

    /// <summary>
    /// The same from a file of a snapshot. What no snapshot keeps, be it removed meanwhile or an alternate, may lack chunks already:
    /// then EXDEV, upon which the kernel reads and writes the bytes.
    /// </summary>
    internal ValueTask<Reply<long>> CopyRangeAsync(ValueContent source, long sourceOffset, FileRange target, long length, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(target.Handle.Value, out OpenHandle? to)) return new(Errno.EBADF);
        ArrivingCopy copy;
        lock (_gate)
        {
            if (source.Snapshot.IsNone || !ListSnapshots().Any(snapshot => snapshot.Key == source.Snapshot)) return new(Errno.EXDEV);
            to.File.Arriving.Add(copy = new ArrivingCopy(source.Value, _store.State.Knowledge, IsFromSnapshot: true));
        }

        return CopyStoredAsync(copy, mayHaveHoles: false, sourceOffset, target, to.File, length, cancel);
    }

    /// <summary>Until a file with copies is published, this node vouches for nothing that replaced what was copied.</summary>
    private void NoteCopy(OpenFile file, ArrivingCopy copy)
    {
        lock (_gate)
        {
            file.CopiedKnowledge = file.CopiedKnowledge is { } before ? before.Meet(copy.Vouched) : copy.Vouched;
            file.IsCopiedFromSnapshot |= copy.IsFromSnapshot;
        }
    }

    /// <summary>The rows have the content of an open file now. Under the gate.</summary>
    private void NotePublished(OpenFile file)
    {
        file.SeenKnowledge = _store.State.Knowledge;
        file.CopiedKnowledge = null;
        file.IsCopiedFromSnapshot = false;
    }

    /// <summary>Makes a copy that was noted as under way, and ends it.</summary>
    private async ValueTask<Reply<long>> CopyStoredAsync(
        ArrivingCopy copy, bool mayHaveHoles, long sourceOffset, FileRange target, OpenFile file, long length, CancellationToken cancel)
    {
        try
        {
            if (Failure is not null) return Errno.EROFS;
            if (sourceOffset < 0 || target.Offset < 0) return Errno.EINVAL;
            if (target.Offset > long.MaxValue - length) return Errno.EFBIG;
            return file.SharesChunksOf(copy.Source, (ulong)sourceOffset, (ulong)target.Offset, (ulong)length)
                ? await ShareRangeAsync(file, copy, mayHaveHoles, (ulong)sourceOffset, (ulong)target.Offset, (ulong)length, cancel)
                : await CopyBytesAsync(file, copy.Source, mayHaveHoles, (ulong)sourceOffset, (ulong)target.Offset, (ulong)length, cancel);
        }
        finally
        {
            lock (_gate) file.Arriving.Remove(copy);
        }
    }

    /// <summary>Copies a range by sharing its chunks, in one change.</summary>
    private async ValueTask<long> ShareRangeAsync(OpenFile file, ArrivingCopy arriving, bool mayHaveHoles, ulong sourceOffset, ulong offset, ulong length, CancellationToken cancel) =>
        (long)await ChangeContentAsync(
            file,
            offset,
            (Volume: this, File: file, Arriving: arriving, MayHaveHoles: mayHaveHoles, SourceOffset: sourceOffset, Offset: offset, Length: length),
            static (copy, cancel) => copy.File.BringForCopyAsync(copy.Arriving.Source, copy.SourceOffset, copy.Offset, copy.Length, cancel),
            static (copy, cancel) =>
            {
                copy.Volume.NoteCopy(copy.File, copy.Arriving);
                return copy.File.CopyAsync(copy.Arriving.Source, copy.MayHaveHoles, copy.SourceOffset, copy.Offset, copy.Length, copy.Volume.Now(), cancel);
            },
            cancel);

    /// <summary>Copies the bytes of a range, a part at a time: each is read while nothing is held, for it may come from afar. Answers how far it came.</summary>
    private async ValueTask<long> CopyBytesAsync(OpenFile file, ContentValue source, bool mayHaveHoles, ulong sourceOffset, ulong offset, ulong length, CancellationToken cancel)
    {
        await using var content = new ValueContent(source, _options.Blobs);
        byte[] buffer = new byte[(int)Math.Min(length, Limits.CopyBufferBytes)];
        ulong done = 0;
        long begun = _options.Clock.GetTimestamp();
        try
        {
            // The kernel lets nobody write to the file until it has an answer.
            while (done < length && _options.Clock.GetElapsedTime(begun) < Limits.CopyTurn)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(length - done, (ulong)buffer.Length));
                int count = await ReadContentAsync(ContentUse.ChangeOf(file.Inode, offset + done), (content, At: sourceOffset + done, part), static (read, cancel) => read.content.ReadAsync(read.At, read.part, cancel), cancel);
                if (count == 0) break;
                done += (uint)await ChangeContentAsync(
                    file,
                    offset + done,
                    (Volume: this, File: file, MayHaveHoles: mayHaveHoles, Offset: offset + done, Data: part[..count]),
                    static (write, cancel) => write.File.BringForWriteAsync(write.Offset, (ulong)write.Data.Length, cancel),
                    static async (write, cancel) =>
                    {
                        if (write.MayHaveHoles) write.File.NoteHoles();
                        return await write.File.WriteSomeAsync(write.Offset, write.Data, write.Volume.Now(), cancel);
                    },
                    cancel);
            }
        }
        catch (Exception e) when (done > 0 && e is IOException or OperationCanceledException)
        {
            // As with write(2): so much is copied, and whoever asks for the rest hears why it is not.
        }

        return (long)done;
    }

    private bool HasSpace(long length)
    {
        FuseStatFs space = Statistics();
        return (ulong)length / space.FragmentSize <= space.BlocksAvailable;
    }
}
