using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil get</c></summary>
internal static class GetCommand
{
    public static Command Create(CommandContext context)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories in mounted volumes", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = Json.Option();
        var command = new Command("get", "Fetch all content of files that is not on this machine yet. May be interrupted and run again.") { json, paths };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] absolute = [.. parsed.GetRequiredValue(paths).Select(path => CanonicalPath.Resolve(context.Absolute(path)))];
            GetReply reply = await CallAsync(context, parsed, new GetRequest(absolute, $"{Environment.ProcessId}"), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else context.Environment.Output.WriteLine(reply.FetchedChunks == 0 ? "nothing to fetch" : $"fetched {ByteText.Of(reply.FetchedBytes)} in {reply.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
            if (reply.MissingChunks == 0) return ExitCode.Ok;
            context.Environment.Error.WriteLine($"bazil: {reply.MissingChunks} of {reply.Chunks} chunks could not be fetched: {reply.Problem}");
            context.Environment.Error.WriteLine(context.Environment.Hint("bazil: see which storage has them with bazil whereis, attach it or connect the peer, and run this again"));
            return ExitCode.Error;
        });
        return command;
    }

    private static Task<GetReply> CallAsync(CommandContext context, ParseResult parsed, GetRequest request, CancellationToken cancel)
    {
        return ProgressLine.WaitAsync(context.Environment, context.CallAsync(parsed, ControlMethods.Get, request, cancel), DescribeAsync, cancel);

        async Task<string?> DescribeAsync()
        {
            GetProgressReply progress = await context.CallAsync(parsed, ControlMethods.GetProgress, new GetProgressRequest(request.Ticket), cancel);
            return progress.Current is { } now ? $"{now.Chunks} chunks looked at, {ByteText.Of(now.FetchedBytes)} fetched, {ByteText.Of((long)(now.FetchedBytes / Math.Max(0.001, now.Seconds)))}/s" : null;
        }
    }
}
