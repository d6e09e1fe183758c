using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil push</c></summary>
internal static class PushCommand
{
    public static Command Create(CommandContext context)
    {
        var words = new Argument<string[]>("PATH… STORAGE") { Description = "Files or directories in mounted volumes, then what \"volume storage list\" calls the storage", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = Json.Option();
        var command = new Command("push", "Copy all content of files to a storage elsewhere now, before its turn. May be interrupted and run again.") { json, words };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] given = parsed.GetRequiredValue(words);
            if (given.Length < 2) throw new UsageException("give a path and, behind it, a storage");
            string[] absolute = [.. given[..^1].Select(path => CanonicalPath.Resolve(context.Absolute(path)))];
            PushReply reply = await CallAsync(context, parsed, new PushRequest(absolute, given[^1], $"{Environment.ProcessId}"), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else context.Environment.Output.WriteLine(reply.SentChunks == 0 ? "nothing to copy" : $"copied {ByteText.Of(reply.SentBytes)} in {reply.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
            if (reply.AbsentChunks == 0) return ExitCode.Ok;
            context.Environment.Error.WriteLine($"bazil: {reply.AbsentChunks} of {reply.Chunks} chunks are neither there nor on this machine");
            context.Environment.Error.WriteLine(context.Environment.Hint("bazil: fetch them first with bazil get, and run this again"));
            return ExitCode.Error;
        });
        return command;
    }

    private static Task<PushReply> CallAsync(CommandContext context, ParseResult parsed, PushRequest request, CancellationToken cancel)
    {
        return ProgressLine.WaitAsync(context.Environment, context.CallAsync(parsed, ControlMethods.Push, request, cancel), DescribeAsync, cancel);

        async Task<string?> DescribeAsync()
        {
            PushProgressReply progress = await context.CallAsync(parsed, ControlMethods.PushProgress, new PushProgressRequest(request.Ticket), cancel);
            return progress.Current is { } now ? $"{now.Chunks} chunks looked at, {ByteText.Of(now.SentBytes)} copied, {ByteText.Of((long)(now.SentBytes / Math.Max(0.001, now.Seconds)))}/s" : null;
        }
    }
}
