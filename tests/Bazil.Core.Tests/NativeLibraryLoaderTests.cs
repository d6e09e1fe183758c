namespace Bazil.Core.Tests;

public sealed class NativeLibraryLoaderTests
{
    [Fact]
    public void Missing_library_is_one_line_that_names_the_package()
    {
        NativeLibraryMissingException exception = Assert.Throws<NativeLibraryMissingException>(
            () => { NativeLibraryLoader.Load("libnothing", "libnothing7", "libnothing.so.7", "libnothing.so.8"); });
        Assert.Equal("libnothing is not installed: install the package libnothing7 (on Debian and Ubuntu: apt install libnothing7)", exception.Message);
    }
}
