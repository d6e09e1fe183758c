using Bazil.Server.Errors;
using Bazil.Server.Mounts;
using Bazil.Testing;

namespace Bazil.Server.Tests.Mounts;

public sealed class CanonicalPathTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Links_are_followed_wherever_they_stand()
    {
        Directory.CreateDirectory(_directory["real/sub"]);
        File.CreateSymbolicLink(_directory["absolute"], _directory["real"]);
        File.CreateSymbolicLink(_directory["real/relative"], "../absolute/sub");

        Assert.Equal(_directory["real/sub"], CanonicalPath.Resolve(_directory["absolute/relative"]));
        Assert.Equal(_directory["real/missing/x"], CanonicalPath.Resolve(_directory["absolute/missing/x"]));
        Assert.Equal("/", CanonicalPath.Resolve("/"));
    }

    [Fact]
    public void Links_in_a_circle_are_an_error()
    {
        File.CreateSymbolicLink(_directory["a"], _directory["b"]);
        File.CreateSymbolicLink(_directory["b"], _directory["a"]);

        Assert.Equal(ErrorKind.Invalid, Assert.Throws<CommandFailedException>(() => CanonicalPath.Resolve(_directory["a"])).Kind);
    }
}
