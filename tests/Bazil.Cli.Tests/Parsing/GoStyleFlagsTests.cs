using System.CommandLine;
using Bazil.Cli.Commands;
using Bazil.Cli.Parsing;

namespace Bazil.Cli.Tests.Parsing;

public sealed class GoStyleFlagsTests
{
    private static readonly RootCommand Root = BazilCommand.Create(new CommandContext(TestEnvironment.Create()));

    [Theory]
    [InlineData("-data-dir=/x create", "--data-dir=/x create")]
    [InlineData("-data-dir /x create", "--data-dir /x create")]
    [InlineData("--data-dir=/x create", "--data-dir=/x create")]
    [InlineData("volume create -sharing=friends myfiles", "volume create --sharing=friends myfiles")]
    [InlineData("server run -addr=:0 -debug", "server run --addr=:0 --debug")]
    [InlineData("peer list -json", "peer list --json")]
    [InlineData("-help", "--help")]
    [InlineData("check -read-data 5% myfiles", "check --read-data=5% myfiles")]
    [InlineData("check --read-data 0.5%", "check --read-data=0.5%")]
    [InlineData("check -read-data myfiles", "check --read-data=100 myfiles")]
    public void Long_flag_with_one_dash_means_the_same_with_two(string given, string expected) =>
        Assert.Equal(expected.Split(' '), GoStyleFlags.Rewrite(given.Split(' '), Root));

    [Theory]
    [InlineData("-v status")]
    [InlineData("-h")]
    [InlineData("volume create -unknown x")]
    [InlineData("peer add -")]
    public void Short_and_unknown_flags_stay_as_they_are(string given) =>
        Assert.Equal(given.Split(' '), GoStyleFlags.Rewrite(given.Split(' '), Root));

    [Fact]
    public void Empty_value_does_not_swallow_the_next_word() =>
        Assert.Equal(["--data-dir", "", "status"], GoStyleFlags.Rewrite(["-data-dir=", "status"], Root));

    [Fact]
    public void Nothing_changes_after_two_dashes() =>
        Assert.Equal(["volume", "create", "--", "-sharing=x"], GoStyleFlags.Rewrite(["volume", "create", "--", "-sharing=x"], Root));
}
