using System.CommandLine;
using Bazil.Cli.Commands;
using Bazil.Cli.Parsing;
using Bazil.Server.Errors;

namespace Bazil.Cli.Tests;

public sealed class CommandContextTests
{
    [Theory]
    [InlineData("-data-dir=/var/x status", "/var/x")]
    [InlineData("status -data-dir=/var/x/", "/var/x")]
    [InlineData("-data-dir rel/ative status", "/work-directory/rel/ative")]
    [InlineData("volume list --data-dir ../up", "/up")]
    public void Data_directory_may_be_named_at_every_level(string args, string expected) =>
        Assert.Equal(expected, DataDirectoryOf(args, []));

    [Fact]
    public void Default_is_below_the_data_home() =>
        Assert.Equal("/xdg/bazil", DataDirectoryOf("status", new() { ["XDG_DATA_HOME"] = "/xdg", ["HOME"] = "/home/me" }));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative/is/ignored")]
    public void Without_a_data_home_it_is_below_the_home_directory(string? dataHome)
    {
        var variables = new Dictionary<string, string> { ["HOME"] = "/home/me" };
        if (dataHome is not null) variables["XDG_DATA_HOME"] = dataHome;

        Assert.Equal("/home/me/.local/share/bazil", DataDirectoryOf("status", variables));
    }

    [Fact]
    public void Without_any_home_it_must_be_named() =>
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<CommandFailedException>(() => DataDirectoryOf("status", [])).Kind);

    [Fact]
    public async Task Missing_data_directory_says_how_to_make_one()
    {
        var run = await TestEnvironment.RunAsync(["-data-dir=/nowhere/at/all", "status"]);

        Assert.Equal(ExitCode.Error, run.Code);
        Assert.Equal("bazil: there is no data directory /nowhere/at/all\nbazil: make one with: bazil create -data-dir=/nowhere/at/all\n", run.Error);
    }

    private static string DataDirectoryOf(string args, Dictionary<string, string> variables)
    {
        var context = new CommandContext(TestEnvironment.Create(variables: variables));
        RootCommand root = BazilCommand.Create(context);
        return context.DataDirectory(root.Parse(GoStyleFlags.Rewrite(args.Split(' '), root))).Path;
    }
}
