using System.Diagnostics;
using Bazil.Testing;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix.Tests;

public sealed class PrivatePathTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Directory_is_made_for_its_owner_only()
    {
        Assert.True(PrivatePath.CreateDirectory(_directory["d"]));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory["d"]));
    }

    [Fact]
    public void Existing_open_directory_is_closed_to_others()
    {
        Directory.CreateDirectory(_directory["d"], (UnixFileMode)0b111_101_101);
        Assert.False(PrivatePath.CreateDirectory(_directory["d"]));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory["d"]));
    }

    [Fact]
    public void Links_and_files_in_its_place_are_refused()
    {
        Directory.CreateDirectory(_directory["real"]);
        File.CreateSymbolicLink(_directory["link"], _directory["real"]);
        File.WriteAllText(_directory["file"], "");
        Assert.Throws<UnixException>(() => PrivatePath.CreateDirectory(_directory["link"]));
        Assert.Equal(Errno.ENOTDIR, Assert.Throws<UnixException>(() => PrivatePath.CreateDirectory(_directory["file"])).Error);
    }

    [Fact]
    public void Directory_of_someone_else_is_refused()
    {
        string path = "/usr";
        if (UnixUser.EffectiveUserId == 0)
        {
            path = Directory.CreateDirectory(_directory["d"]).FullName;
            using Process chown = Process.Start("chown", ["65534", path]);
            chown.WaitForExit();
            Assert.Equal(0, chown.ExitCode);
        }
        UnixException exception = Assert.Throws<UnixException>(() => PrivatePath.CreateDirectory(path));
        Assert.Equal(Errno.EPERM, exception.Error);
        Assert.Contains("which belongs to user", exception.Message);
    }

    [Fact]
    public void File_is_made_for_its_owner_only_and_only_once()
    {
        using SafeFileHandle file = PrivatePath.CreateFile(_directory["f"]);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_directory["f"]));
        Assert.Equal(Errno.EEXIST, Assert.Throws<UnixException>(() => PrivatePath.CreateFile(_directory["f"])).Error);
        Assert.Equal(UnixUser.EffectiveUserId, UnixFile.Owner(file, "f"));
    }
}
