using Bazil.Server.Errors;
using Bazil.Server.Mounts;

namespace Bazil.Server.Tests.Mounts;

public sealed class MountpointRulesTests
{
    [Fact]
    public void Own_mounts_are_refused_without_looking_at_them()
    {
        // The paths do not exist: had they been looked at, the reason would be another one.
        Assert.Contains("a volume is mounted there already", Fails("/nowhere/mnt", "/nowhere/mnt").Message);
        Assert.Contains("inside a mounted volume", Fails("/nowhere/mnt/a/b", "/nowhere/mnt").Message);
    }

    [Fact]
    public void Neighbours_of_a_mount_are_fine()
    {
        MountpointRules.Check("/nowhere/mnt2", ["/nowhere/mnt"]);
        MountpointRules.Check("/nowhere", ["/nowhere/mnt"]);
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("")]
    [InlineData("/with\0nul")]
    public void Path_must_be_absolute(string path) => Assert.Equal(ErrorKind.Invalid, Fails(path).Kind);

    private static CommandFailedException Fails(string path, params string[] own) =>
        Assert.Throws<CommandFailedException>(() => MountpointRules.Check(path, own));
}
