using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <content>Reading and writing at a place in a file, with the error number kept.</content>
public static unsafe partial class UnixFile
{
    /// <summary>pread(2): fills the buffer as far as the file goes.</summary>
    /// <returns>Bytes read; fewer than asked for only at the end of the file.</returns>
    public static int ReadAt(SafeFileHandle file, Span<byte> buffer, long offset, string path)
    {
        int done = 0;
        fixed (byte* bytes = buffer)
        {
            while (done < buffer.Length)
            {
                nint count = Libc.ReadAt(file, bytes + done, (nuint)(buffer.Length - done), offset + done);
                if (count == 0) break;
                if (count > 0) done += (int)count;
                else if (Libc.LastError != Errno.EINTR) throw new UnixException(Libc.LastError, "read", path);
            }
        }

        return done;
    }

    /// <summary>pwritev(2): writes three pieces one after the other, usually in one call.</summary>
    /// <exception cref="UnixException">Some of the bytes may have been written.</exception>
    public static void WriteAt(SafeFileHandle file, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, long offset, string path)
    {
        const int count = 3;
        fixed (byte* firstBytes = first, secondBytes = second, thirdBytes = third)
        {
            Libc.IoVector* vectors = stackalloc Libc.IoVector[count];
            vectors[0] = new Libc.IoVector { Base = firstBytes, Length = (nuint)first.Length };
            vectors[1] = new Libc.IoVector { Base = secondBytes, Length = (nuint)second.Length };
            vectors[2] = new Libc.IoVector { Base = thirdBytes, Length = (nuint)third.Length };
            int next = 0;
            while (next < count)
            {
                nint written = Libc.WriteVectorAt(file, vectors + next, count - next, offset);
                if (written < 0 && Libc.LastError == Errno.EINTR) continue;
                if (written < 0) throw new UnixException(Libc.LastError, "write", path);
                offset += written;
                while (next < count && (nuint)written >= vectors[next].Length) written -= (nint)vectors[next++].Length;
                if (next == count) break;
                vectors[next].Base = (byte*)vectors[next].Base + written;
                vectors[next].Length -= (nuint)written;
            }
        }
    }

    /// <summary>Reserves space for the range without changing the size of the file, so that writing it cannot meet a full disk.</summary>
    /// <returns>False where the file system cannot do that; nothing was changed.</returns>
    /// <exception cref="UnixException">Among others <see cref="Errno.ENOSPC"/>: nothing is reserved then.</exception>
    public static bool TryReserve(SafeFileHandle file, long offset, long length, string path)
    {
        int result;
        do result = Libc.Fallocate(file, Libc.FALLOC_FL_KEEP_SIZE, offset, length);
        while (result < 0 && Libc.LastError == Errno.EINTR);
        if (result < 0 && Libc.LastError == Errno.EOPNOTSUPP) return false;
        Check(result, "reserve space for", path);
        return true;
    }
}
