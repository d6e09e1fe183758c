using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage sync</c></summary>
internal static class VolumeStorageSyncCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        var from = new Argument<string>("FROM") { Description = "What \"volume storage list\" calls the storage that has the content, or local" };
        var to = new Argument<string>("TO") { Description = "The one that gets it" };
        Option<bool> json = Json.Option();
        var command = new Command("sync", "Copy what one storage has of a volume to another one, and verify it. May be interrupted and run again.") { json, volume, from, to };
        command.SetAction(async (parsed, cancel) =>
        {
            var request = new VolumeStorageSyncRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(from), parsed.GetRequiredValue(to), $"{Environment.ProcessId}");
            VolumeStorageSyncReply reply = await CallAsync(context, parsed, request, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply, request);
            return reply is { DamagedChunks: 0, Problem: null } ? ExitCode.Ok : ExitCode.Error;
        });
        return command;
    }

    private static Task<VolumeStorageSyncReply> CallAsync(CommandContext context, ParseResult parsed, VolumeStorageSyncRequest request, CancellationToken cancel)
    {
        return ProgressLine.WaitAsync(context.Environment, context.CallAsync(parsed, ControlMethods.VolumeStorageSync, request, cancel), DescribeAsync, cancel);

        async Task<string?> DescribeAsync()
        {
            VolumeStorageSyncProgressReply progress = await context.CallAsync(parsed, ControlMethods.VolumeStorageSyncProgress, new VolumeStorageSyncProgressRequest(request.Ticket), cancel);
            return progress.Current is { } now ? $"{now.Chunks} chunks looked at, {ByteText.Of(now.CopiedBytes)} copied, {ByteText.Of((long)(now.CopiedBytes / Math.Max(0.001, now.Seconds)))}/s" : null;
        }
    }

    private static void Print(CliEnvironment environment, VolumeStorageSyncReply reply, VolumeStorageSyncRequest request)
    {
        environment.Output.WriteLine(reply.CopiedChunks == 0
            ? $"nothing to copy, {reply.Chunks - reply.AbsentChunks - reply.DamagedChunks} chunks are there"
            : $"copied {ByteText.Of(reply.CopiedBytes)} in {reply.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s; {reply.Chunks - reply.AbsentChunks - reply.DamagedChunks} chunks are there");
        if (reply.AbsentChunks > 0) environment.Output.WriteLine($"{reply.AbsentChunks} chunks are in neither {request.From} nor {request.To}");
        if (reply.DamagedChunks > 0) environment.Error.WriteLine($"bazil: {reply.DamagedChunks} chunks are damaged in {request.From} and not in {request.To}; {environment.Hint($"heal them: bazil check -read-data {request.Volume}")}");
        if (reply.Problem is not null) environment.Error.WriteLine($"bazil: {reply.Problem}");
    }
}
