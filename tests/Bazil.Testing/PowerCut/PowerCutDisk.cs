using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Testing.PowerCut;

/// <summary>
/// An ext4 file system in an image file, whose power can be cut: <see cref="Shutdown"/> stops all writing at once and
/// drops what was not on the disk; <see cref="Remount"/> is the restart. Needs root and a loop device. An honest disk: no
/// torn sectors, no lost cache of a drive.
/// </summary>
public sealed class PowerCutDisk : IDisposable
{
    private const int PageSize = 4096;

    private readonly TempDirectory _directory;
    private bool _mounted;

    private PowerCutDisk(TempDirectory directory)
    {
        _directory = directory;
        Path = Directory.CreateDirectory(directory["mount"]).FullName;
    }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    private string Image => _directory["image"];

    /// <summary>Makes and mounts a disk, or returns null with the reason why it cannot be had here, for a skipped test.</summary>
    public static PowerCutDisk? TryCreate(long sizeBytes, out string reason)
    {
        var disk = new PowerCutDisk(new TempDirectory("bazil-powercut-"));
        try
        {
            using (FileStream image = File.Create(disk.Image)) image.SetLength(sizeBytes);
            reason = Run("mkfs.ext4", "-q", "-F", disk.Image) ?? disk.Mount() ?? "";
            if (reason.Length == 0) return disk;
        }
        catch
        {
            disk.Dispose();
            throw;
        }

        disk.Dispose();
        return null;
    }

    /// <summary>Writes random pages of a file out, in random order, as the kernel might just before the cut.</summary>
    public static void WriteBackSome(string path, Random random)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long pages = RandomAccess.GetLength(file) / PageSize;
        for (int i = 0; i < 8 && pages > 0; i++)
        {
            _ = Ext4.SyncFileRange(file, random.NextInt64(pages) * PageSize, PageSize, Ext4.WriteRangeAndWait);
        }
    }

    /// <summary>Cuts the power. Every later write and sync fails; processes that have files open must be ended before <see cref="Remount"/>.</summary>
    public void Shutdown()
    {
        const int directoryCloseOnExec = 0x80000;
        using var handle = new SafeFileHandle(Ext4.Open(Path, directoryCloseOnExec), ownsHandle: true);
        uint flags = Ext4.NoLogFlush;
        if (handle.IsInvalid || Ext4.Ioctl(handle, Ext4.IocShutdown, ref flags) < 0)
        {
            throw new IOException($"cannot cut the power of {Path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>The restart after <see cref="Shutdown"/>: what had reached the disk is there again.</summary>
    public void Remount()
    {
        if (Unmount() is { } failure) throw new IOException(failure);
        if (Mount() is { } mountFailure) throw new IOException(mountFailure);
    }

    public void Dispose()
    {
        if (_mounted && Unmount() is not null) Run("umount", "-l", Path); // someone still uses it: detach, so that nothing stays behind
        _directory.Dispose();
    }

    private string? Mount()
    {
        string? failure = Run("mount", "-t", "ext4", "-o", "loop", Image, Path);
        _mounted = failure is null;
        return failure;
    }

    private string? Unmount()
    {
        string? failure = Run("umount", Path);
        if (failure is null) _mounted = false;
        return failure;
    }

    /// <summary>Returns null on success, else what went wrong.</summary>
    private static string? Run(string program, params IEnumerable<string> arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{program}: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return $"{program}: {exception.Message}";
        }
    }
}
