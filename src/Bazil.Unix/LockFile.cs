using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>
/// An exclusive lock on a file, held until dispose or the end of the process, however it ends (flock(2)). The file holds
/// the process number of the holder, for messages only; it is never removed, since removing it would let two processes
/// lock two files of one name.
/// </summary>
public sealed class LockFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private LockFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>Takes the lock, or returns null at once when another process (or another handle of this one) has it.</summary>
    /// <param name="path">Created with mode 0600 when missing; its directory must exist.</param>
    /// <param name="holder">On failure the process number of the holder, as far as it has written it; else 0.</param>
    /// <exception cref="UnixException">The file cannot be opened or locked for another reason.</exception>
    public static LockFile? TryAcquire(string path, out int holder)
    {
        SafeFileHandle handle = UnixFile.Open(path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow, 0b110_000_000);
        try
        {
            holder = 0;
            if (Libc.Flock(handle, Libc.LOCK_EX | Libc.LOCK_NB) < 0)
            {
                Errno error = Libc.LastError;
                if (error != Errno.EAGAIN) throw new UnixException(error, "lock", path);
                holder = ReadHolder(handle);
                handle.Dispose();
                return null;
            }
            byte[] pid = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
            UnixFile.Truncate(handle, 0, path);
            RandomAccess.Write(handle, pid, 0);
            return new LockFile(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _handle.Dispose();

    private static int ReadHolder(SafeFileHandle handle)
    {
        Span<byte> text = stackalloc byte[16];
        int size = RandomAccess.Read(handle, text, 0);
        return int.TryParse(text[..size].TrimEnd((byte)'\n'), CultureInfo.InvariantCulture, out int pid) ? pid : 0;
    }
}
