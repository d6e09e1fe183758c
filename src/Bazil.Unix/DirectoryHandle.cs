using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>
/// An open directory: for syncing the names in it, and for opening files relative to it whatever happens to its path.
/// Safe for concurrent use; dispose it once.
/// </summary>
public sealed class DirectoryHandle : IDisposable
{
    private readonly SafeFileHandle _handle;

    private DirectoryHandle(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Path = path;
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>When a name in it was last made, changed or removed, by the clock of the file system.</summary>
    public UnixTime ModifyTime => UnixFile.Describe(_handle, Path).ModifyTime;

    /// <exception cref="UnixException">It does not exist, is no directory, or is not permitted.</exception>
    public static DirectoryHandle Open(string path) =>
        new(UnixFile.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory), path);

    /// <summary>Opens the directory just to sync it.</summary>
    public static void Sync(string path)
    {
        using DirectoryHandle directory = Open(path);
        directory.Sync();
    }

    /// <summary>On return, files created, renamed or removed in this directory before the call stay so after power loss.</summary>
    /// <exception cref="UnixException">The disk failed. What is durable is not known.</exception>
    public void Sync() => UnixFile.Sync(_handle, Path);

    /// <summary>openat(2): opens a file in this directory. The caller disposes the handle.</summary>
    public SafeFileHandle OpenFile(string name, OpenFlags flags, uint mode = 0)
    {
        string path = System.IO.Path.Combine(Path, name);
        UnixFile.CheckPath(name, "open");
        int descriptor;
        do descriptor = Libc.OpenAt(_handle, name, flags.ToNative(), mode);
        while (descriptor < 0 && Libc.LastError == Errno.EINTR);
        if (descriptor < 0) throw new UnixException(Libc.LastError, "open", path);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>The mount that it lies in, as the first field of <c>/proc/self/mountinfo</c> has it; 0 where the kernel does not say.</summary>
    public ulong MountId
    {
        get
        {
            UnixFile.Check(Libc.Statx(_handle, "", Libc.AT_EMPTY_PATH, Libc.STATX_MNT_ID, out Libc.StatxBuffer found), "stat", Path);
            return (found.Mask & Libc.STATX_MNT_ID) != 0 ? found.MountId : 0;
        }
    }

    /// <summary>A path that leads to this very directory as long as it is open, whatever happens to its own.</summary>
    public string DescriptorPath => $"/proc/self/fd/{_handle.DangerousGetHandle()}";

    internal SafeFileHandle Handle => _handle;

    /// <summary>openat2(2): opens a file below this directory, reached over no symbolic link and no other mount. The caller disposes the handle.</summary>
    public SafeFileHandle OpenBeneath(string path, OpenFlags flags, uint mode = 0)
    {
        UnixFile.CheckPath(path, "open");
        nint descriptor;
        do descriptor = Libc.OpenAt2(_handle, path, flags.ToNative(), mode);
        while (descriptor < 0 && Libc.LastError is Errno.EINTR);
        if (descriptor < 0) throw new UnixException(Libc.LastError, "open", System.IO.Path.Combine(Path, path));
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>A directory below this one, as <see cref="OpenBeneath"/> opens a file.</summary>
    public DirectoryHandle OpenDirectory(string path) => new(OpenBeneath(path, OpenFlags.ReadOnly | OpenFlags.Directory), System.IO.Path.Combine(Path, path));

    /// <summary>mkdirat(2), with mode 0700. Returns false when something of that name is there.</summary>
    public bool MakeDirectory(string name)
    {
        UnixFile.CheckPath(name, "make");
        if (Libc.MkdirAt(_handle, name, 0b111_000_000) == 0) return true;
        if (Libc.LastError is var error and not Errno.EEXIST) throw new UnixException(error, "make", System.IO.Path.Combine(Path, name));
        return false;
    }

    /// <summary>renameat(2): replaces what has that name there. Durable after a sync of both directories.</summary>
    public void Rename(string name, DirectoryHandle directory, string to)
    {
        UnixFile.CheckPath(name, "rename");
        UnixFile.CheckPath(to, "rename to");
        UnixFile.Check(Libc.RenameAt(_handle, name, directory._handle, to), "rename", $"{System.IO.Path.Combine(Path, name)} to {System.IO.Path.Combine(directory.Path, to)}");
    }

    /// <summary>unlinkat(2). Returns false when there is no such file.</summary>
    public bool Remove(string name)
    {
        UnixFile.CheckPath(name, "remove");
        if (Libc.UnlinkAt(_handle, name, 0) == 0) return true;
        if (Libc.LastError is var error and not Errno.ENOENT) throw new UnixException(error, "remove", System.IO.Path.Combine(Path, name));
        return false;
    }

    public void Dispose() => _handle.Dispose();
}
