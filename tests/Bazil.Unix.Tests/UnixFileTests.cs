using Bazil.Testing;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix.Tests;

public sealed class UnixFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Missing_file_is_an_error_that_names_attempt_path_and_reason()
    {
        UnixException exception = Assert.Throws<UnixException>(() => UnixFile.Open(_directory["none"], OpenFlags.ReadOnly));
        Assert.Equal(Errno.ENOENT, exception.Error);
        Assert.Equal($"cannot open {_directory["none"]}: No such file or directory (ENOENT)", exception.Message);
    }

    [Fact]
    public void Path_with_a_NUL_is_refused_instead_of_cut()
    {
        File.WriteAllText(_directory["a"], "");
        Assert.Equal(Errno.EINVAL, Assert.Throws<UnixException>(() => UnixFile.Open(_directory["a\0b"], OpenFlags.ReadOnly)).Error);
    }

    [Fact]
    public void Flags_mean_what_they_say()
    {
        File.CreateSymbolicLink(_directory["link"], _directory["file"]);
        File.WriteAllText(_directory["file"], "x");
        const OpenFlags create = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive;
        Assert.Equal(Errno.EEXIST, Assert.Throws<UnixException>(() => UnixFile.Open(_directory["file"], create, 0x180)).Error);
        Assert.Equal(Errno.ELOOP, Assert.Throws<UnixException>(() => UnixFile.Open(_directory["link"], OpenFlags.ReadOnly | OpenFlags.NoFollow)).Error);
        Assert.Equal(Errno.ENOTDIR, Assert.Throws<UnixException>(() => UnixFile.Open(_directory["file"], OpenFlags.Directory)).Error);
        UnixFile.Open(_directory["file"], OpenFlags.WriteOnly | OpenFlags.Truncate).Dispose();
        Assert.Equal("", File.ReadAllText(_directory["file"]));
    }

    [Fact]
    public void Descriptors_are_not_inherited_by_children()
    {
        using SafeFileHandle file = UnixFile.Open(_directory["file"], OpenFlags.ReadWrite | OpenFlags.Create, 0x180);
        string info = File.ReadAllText($"/proc/self/fdinfo/{file.DangerousGetHandle()}");
        int flags = Convert.ToInt32(info.Split('\n').Single(line => line.StartsWith("flags:")).Split('\t')[1], 8);
        Assert.NotEqual(0, flags & 0x80000);
    }

    [Fact]
    public void Files_and_directories_sync()
    {
        using SafeFileHandle file = UnixFile.Open(_directory["file"], OpenFlags.ReadWrite | OpenFlags.Create, 0x180);
        RandomAccess.Write(file, "abc"u8, 0);
        UnixFile.Sync(file, "file");
        UnixFile.SyncData(file, "file");
        DirectoryHandle.Sync(_directory.Path);
    }

    [Fact]
    public void Failed_sync_is_an_error()
    {
        using SafeFileHandle pipe = UnixFile.Open("/dev/full", OpenFlags.WriteOnly);
        Assert.Equal(Errno.EINVAL, Assert.Throws<UnixException>(() => UnixFile.Sync(pipe, "/dev/full")).Error);
    }

    [Fact]
    public void Punched_hole_reads_as_zeros_frees_space_and_keeps_the_size()
    {
        using SafeFileHandle file = UnixFile.Open(_directory["file"], OpenFlags.ReadWrite | OpenFlags.Create, 0x180);
        byte[] content = new byte[64 * 1024];
        Array.Fill(content, (byte)7);
        RandomAccess.Write(file, content, 0);
        UnixFile.Sync(file, "file");
        long before = UnixFile.AllocatedBytes(file, "file");
        Assert.SkipUnless(UnixFile.TryPunchHole(file, 16 * 1024, 32 * 1024, "file"), "no holes on this file system");
        RandomAccess.Read(file, content, 0);
        Assert.Equal(-1, content.AsSpan(16 * 1024, 32 * 1024).IndexOfAnyExcept((byte)0));
        Assert.Equal(7, content[16 * 1024 - 1]);
        Assert.Equal(7, content[48 * 1024]);
        Assert.Equal(64 * 1024, RandomAccess.GetLength(file));
        Assert.True(UnixFile.AllocatedBytes(file, "file") <= before - 32 * 1024);
    }

    [Fact]
    public void Reserved_space_grows_the_file()
    {
        using SafeFileHandle file = UnixFile.Open(_directory["file"], OpenFlags.ReadWrite | OpenFlags.Create, 0x180);
        UnixFile.Allocate(file, 0, 8192, "file");
        Assert.Equal(8192, RandomAccess.GetLength(file));
        Assert.True(UnixFile.AllocatedBytes(file, "file") >= 8192);
    }

    [Fact]
    public void Renames_replace_refuse_or_swap()
    {
        File.WriteAllText(_directory["a"], "A");
        File.WriteAllText(_directory["b"], "B");
        Assert.Equal(Errno.EEXIST, Assert.Throws<UnixException>(
            () => UnixFile.Rename(_directory["a"], _directory["b"], RenameMode.NoReplace)).Error);
        UnixFile.Rename(_directory["a"], _directory["b"], RenameMode.Exchange);
        Assert.Equal("B", File.ReadAllText(_directory["a"]));
        UnixFile.Rename(_directory["a"], _directory["b"]);
        Assert.Equal("B", File.ReadAllText(_directory["b"]));
        Assert.False(File.Exists(_directory["a"]));
    }

    [Fact]
    public void File_is_opened_relative_to_a_directory_that_has_moved()
    {
        Directory.CreateDirectory(_directory["old"]);
        using DirectoryHandle directory = DirectoryHandle.Open(_directory["old"]);
        Directory.Move(_directory["old"], _directory["new"]);
        directory.OpenFile("file", OpenFlags.WriteOnly | OpenFlags.Create, 0x180).Dispose();
        Assert.True(File.Exists(Path.Combine(_directory["new"], "file")));
        Assert.Equal(Errno.ENOENT, Assert.Throws<UnixException>(() => directory.OpenFile("none", OpenFlags.ReadOnly)).Error);
    }

    [Fact]
    public void Disk_space_is_plausible()
    {
        DiskSpace space = DiskSpace.Of(_directory.Path);
        var drive = new DriveInfo(_directory.Path);
        Assert.Equal(drive.TotalSize, space.TotalBytes);
        Assert.InRange(space.UsableBytes, 0, space.FreeBytes);
        Assert.InRange(space.FreeBytes, 0, space.TotalBytes);
        Assert.True(space.BlockSizeBytes >= 512);
        Assert.Equal(Errno.ENOENT, Assert.Throws<UnixException>(() => DiskSpace.Of(_directory["none"])).Error);
    }
}
