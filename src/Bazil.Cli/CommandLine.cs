using System.CommandLine;
using Bazil.Cli.Commands;
using Bazil.Cli.Parsing;
using Bazil.Server.Errors;

namespace Bazil.Cli;

/// <summary>Runs one command line: parses it, runs the verb, and turns what goes wrong into messages and an exit code.</summary>
internal static class CommandLine
{
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliEnvironment environment, CancellationToken cancel)
    {
        var context = new CommandContext(environment);
        RootCommand root = BazilCommand.Create(context);
        var configuration = new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null };
        ParseResult parsed = root.Parse(GoStyleFlags.Rewrite(args, root), configuration);
        // Help is help for a command: for one that does not exist it would be that of another.
        if (parsed.Errors.Count > 0 || (parsed.UnmatchedTokens.Count > 0 && parsed.CommandResult.Command.Subcommands.Count > 0)) return UsageErrors.Report(parsed, environment.Error);
        context.CompleteHints(parsed);
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = environment.Output,
                    Error = environment.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                cancel);
        }
        catch (UsageException e)
        {
            return UsageErrors.Report(parsed.CommandResult.Command, e.Message, environment.Error);
        }
        catch (OperationCanceledException)
        {
            await environment.Error.WriteLineAsync("bazil: interrupted");
            return ExitCode.Interrupted;
        }
        catch (Exception e)
        {
            CommandFailedException failure = Failures.Describe(e);
            await environment.Error.WriteLineAsync($"bazil: {failure.Message}");
            if (failure.NextStep is { } next) await environment.Error.WriteLineAsync($"bazil: {context.Environment.Hint(next)}");
            if (context.IsDebug(parsed)) await environment.Error.WriteLineAsync($"bazil: {e}");
            return ExitCode.Error;
        }
    }
}
