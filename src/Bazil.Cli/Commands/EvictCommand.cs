using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil evict</c></summary>
internal static class EvictCommand
{
    public static Command Create(CommandContext context)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories in mounted volumes", Arity = ArgumentArity.OneOrMore };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would go, and what stays and why" };
        Option<bool> json = Json.Option();
        var command = new Command("evict", "Drop content of files from this machine that enough other storages have. May be interrupted and run again.") { dryRun, json, paths };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] absolute = [.. parsed.GetRequiredValue(paths).Select(path => CanonicalPath.Resolve(context.Absolute(path)))];
            EvictReply reply = await CallAsync(context, parsed, new EvictRequest(absolute, parsed.GetValue(dryRun), $"{Environment.ProcessId}"), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply);
        });
        return command;
    }

    private static Task<EvictReply> CallAsync(CommandContext context, ParseResult parsed, EvictRequest request, CancellationToken cancel)
    {
        return ProgressLine.WaitAsync(context.Environment, context.CallAsync(parsed, ControlMethods.Evict, request, cancel), DescribeAsync, cancel);

        async Task<string?> DescribeAsync()
        {
            EvictProgressReply progress = await context.CallAsync(parsed, ControlMethods.EvictProgress, new EvictProgressRequest(request.Ticket), cancel);
            return progress.Looked is { } looked ? $"{looked} objects looked at, {ByteText.Of(progress.Bytes)} {(request.DryRun ? "would go" : "gone")}" : null;
        }
    }

    private static void Print(CliEnvironment environment, EvictReply reply)
    {
        string done = reply.DryRun ? "would go" : "gone";
        environment.Output.WriteLine(reply.Objects == 0 ? $"nothing {(reply.DryRun ? "would go" : "went")}" : string.Create(CultureInfo.InvariantCulture, $"{ByteText.Of(reply.Bytes)} in {reply.Objects} objects {done}"));
        foreach (KeptInfo kept in reply.Kept) environment.Output.WriteLine($"stays: {KeptText.Of(kept)}");
    }
}
