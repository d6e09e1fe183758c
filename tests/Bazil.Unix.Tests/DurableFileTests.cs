using Bazil.Testing;

namespace Bazil.Unix.Tests;

public sealed class DurableFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Replaced_file_holds_the_new_content_with_the_wanted_mode_and_nothing_is_left_over()
    {
        DurableFile.Replace(_directory["f"], "long first content"u8);
        DurableFile.Replace(_directory["f"], "second"u8);
        Assert.Equal("second", File.ReadAllText(_directory["f"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["f"]));
        Assert.Equal([_directory["f"]], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Left_over_of_a_crash_is_no_obstacle_even_as_a_link()
    {
        File.WriteAllText(_directory["victim"], "untouched");
        File.CreateSymbolicLink(_directory["f.new"], _directory["victim"]);
        DurableFile.Replace(_directory["f"], "new"u8);
        Assert.Equal("new", File.ReadAllText(_directory["f"]));
        Assert.Equal("untouched", File.ReadAllText(_directory["victim"]));
    }

    [Fact]
    public void Failure_keeps_the_old_content()
    {
        File.WriteAllText(_directory["f"], "old");
        Directory.CreateDirectory(_directory["f.new"]);
        Assert.ThrowsAny<Exception>(() => DurableFile.Replace(_directory["f"], "new"u8));
        Assert.Equal("old", File.ReadAllText(_directory["f"]));
    }
}
