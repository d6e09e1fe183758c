namespace Bazil.Cli.Tests.Parsing;

public sealed class UsageErrorsTests
{
    [Theory]
    [InlineData("", "bazil: missing command")]
    [InlineData("bogus", "bazil: unknown command bogus")]
    [InlineData("volum list", "bazil: unknown command volum; did you mean volume?")]
    [InlineData("volume", "bazil: volume: missing command")]
    [InlineData("volume crate x", "bazil: volume: unknown command crate; did you mean create?")]
    [InlineData("volume create", "bazil: volume create: missing argument VOLUMENAME")]
    [InlineData("volume create a b", "bazil: volume create: too many arguments: b")]
    [InlineData("volume create a -bogus=1", "bazil: volume create: unknown option -bogus=1")]
    [InlineData("volume mount myfiles", "bazil: volume mount: missing argument MOUNTPOINT")]
    [InlineData("volume storage add myfiles", "bazil: volume storage add: missing argument [NAME] STORAGE")]
    [InlineData("volume storage add myfiles a b c", "bazil: volume storage add: too many arguments: c")]
    [InlineData("volume rotate myfiles", "bazil: volume rotate: missing option -sharing")]
    [InlineData("peer location set KEY", "bazil: peer location set: missing argument HOST:PORT")]
    [InlineData("peer add 1234", "bazil: peer add: not a valid public key (64 hex digits): 1234")]
    [InlineData("server run -addr=nonsense", "bazil: server run: -addr must be [HOST]:PORT, not \"nonsense\"")]
    [InlineData("server run -addr=example.org:1", "bazil: server run: -addr: \"example.org\" is not an address of this machine in digits")]
    [InlineData("bogus -help", "bazil: unknown command bogus")]
    [InlineData("snapshot restor --help", "bazil: snapshot: unknown command restor; did you mean restore?")]
    [InlineData("du -depth=x", "bazil: du: invalid value \"x\" of -depth: it must be a whole number")]
    [InlineData("-data-dir= status", "bazil: status: -data-dir must not be empty")]
    public async Task Command_line_that_makes_no_sense_is_a_usage_error(string args, string firstLine)
    {
        var run = await TestEnvironment.RunAsync(args.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(firstLine, run.Error.Split('\n')[0]);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Usage_error_shows_how_the_command_should_look()
    {
        var run = await TestEnvironment.RunAsync(["volume", "create"]);

        Assert.Equal(
            """
            bazil: volume create: missing argument VOLUMENAME
            bazil: usage: bazil volume create [-sharing=NAME] [-backend=STORAGE] VOLUMENAME
            bazil: see: bazil volume create --help

            """,
            run.Error);
    }

    [Fact]
    public async Task Usage_error_shows_what_may_be_given_more_than_once()
    {
        var run = await TestEnvironment.RunAsync(["du", "-depth=x"]);

        Assert.Contains("bazil: usage: bazil du [-depth=LEVELS] [-json] [PATH...]", run.Error);
    }

    [Theory]
    [InlineData("pin", "bazil pin [-volume=VOLUMENAME] [-pattern=PATTERN]... [-json] [PATH...]", "bazil pin list|limit")]
    [InlineData("push", "bazil push [-json] PATH… STORAGE")]
    [InlineData("conflict resolve", "bazil conflict resolve -ours|-theirs=PEER|-both|-newest|-merge-tool=CMD [-volume=VOLUMENAME] [-json] PATH...|-all")]
    [InlineData("trash empty", "bazil trash empty [-volume=VOLUMENAME] [-json] WHAT...|-all")]
    public async Task Usage_shows_all_arguments_in_errors_and_in_help(string command, params string[] usages)
    {
        string[] words = command.Split(' ');

        var error = await TestEnvironment.RunAsync(words);
        Assert.Equal(ExitCode.Usage, error.Code);
        Assert.All(usages, usage => Assert.Contains($": {usage}\n", error.Error));
        var help = await TestEnvironment.RunAsync([.. words, "--help"]);
        Assert.Contains($"Usage:\n{string.Concat(usages.Select(static usage => $"  {usage}\n"))}\nArguments:", help.Output);
    }

    [Fact]
    public async Task Sharing_key_is_not_read_from_a_terminal()
    {
        var run = await TestEnvironment.RunAsync(["sharing", "add", "friends"], inputIsTerminal: true);

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.StartsWith("bazil: sharing add: the key is read from standard input, which is a terminal here", run.Error);
    }

    [Theory]
    [InlineData(0, "standard input has 0")]
    [InlineData(31, "standard input has 31")]
    [InlineData(33, "standard input has more")]
    public async Task Sharing_key_of_the_wrong_length_is_refused(int length, string found)
    {
        var run = await TestEnvironment.RunAsync(["-data-dir=/nowhere", "sharing", "add", "friends"], new byte[length]);

        Assert.Equal(ExitCode.Error, run.Code);
        Assert.StartsWith($"bazil: sharing key friends must be exactly 32 bytes; {found}", run.Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("volume")]
    [InlineData("volume storage add")]
    [InlineData("peer volume allow")]
    public async Task Help_goes_to_standard_output(string command)
    {
        var run = await TestEnvironment.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "-help"]);

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("Usage:", run.Output);
        Assert.Empty(run.Error);
    }
}
