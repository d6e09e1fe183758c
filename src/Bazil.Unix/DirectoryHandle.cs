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

    public void Dispose() => _handle.Dispose();
}
