using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.DataDirectories;
using Bazil.Server.Errors;

namespace Bazil.Cli;

/// <summary>What every verb needs: the environment, the options that all levels accept, and the way to the server.</summary>
internal sealed class CommandContext
{
    private readonly Option<string?> _dataDirectory = new("--data-dir")
    {
        Description = "The node's data directory (default: bazil below $XDG_DATA_HOME or ~/.local/share)",
        HelpName = "PATH",
        Recursive = true,
    };

    private readonly Option<bool> _debug = new("--debug") { Description = "Say everything, stack traces included", Recursive = true };

    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Say more", Recursive = true };

    public CommandContext(CliEnvironment environment) => Environment = environment;

    public CliEnvironment Environment { get; private set; }

    public IEnumerable<Option> GlobalOptions => [_dataDirectory, _debug, _verbose];

    public bool IsDebug(ParseResult parsed) => parsed.GetValue(_debug);

    public bool IsVerbose(ParseResult parsed) => parsed.GetValue(_verbose);

    /// <summary>From now on messages name commands as they have to be typed after this command line.</summary>
    public void CompleteHints(ParseResult parsed)
    {
        if (parsed.GetValue(_dataDirectory) is not { Length: > 0 } given) return;
        Environment = Environment with { Hints = new Hints(given, [.. parsed.RootCommandResult.Command.Subcommands.Select(static command => command.Name)]) };
    }

    /// <summary>The data directory that the command line, or else the environment, names.</summary>
    public DataDirectory DataDirectory(ParseResult parsed)
    {
        if (parsed.GetValue(_dataDirectory) is { } given)
        {
            if (given.Length == 0) throw new Parsing.UsageException("-data-dir must not be empty");
            return new DataDirectory(Absolute(given));
        }

        // XDG Base Directory Specification: a relative path in the variable is to be ignored.
        string? data = Environment.GetVariable("XDG_DATA_HOME");
        if (data is not { Length: > 0 } || !Path.IsPathRooted(data))
        {
            string home = Environment.GetVariable("HOME") is { Length: > 0 } value
                ? value
                : throw new CommandFailedException(ErrorKind.Invalid, "neither XDG_DATA_HOME nor HOME is set", "name the data directory with -data-dir=PATH");
            data = Path.Combine(home, ".local", "share");
        }

        return new DataDirectory(Absolute(Path.Combine(data, "bazil")));
    }

    /// <summary>A path as seen from where the command was given.</summary>
    public string Absolute(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, Environment.CurrentDirectory));

    /// <summary>Calls the server of the data directory.</summary>
    public async Task<TReply> CallAsync<TRequest, TReply>(
        ParseResult parsed, ControlMethod<TRequest, TReply> method, TRequest request, CancellationToken cancel)
    {
        using var client = new ControlClient(DataDirectory(parsed).ControlSocket);
        return await client.CallAsync(method, request, cancel);
    }
}
