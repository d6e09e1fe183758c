using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil sync</c></summary>
internal static class SyncCommand
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    public static Command Create(CommandContext context)
    {
        var names = new Argument<string[]>("VOLUMENAME") { Description = "Names of volumes (default: all)", Arity = ArgumentArity.ZeroOrMore };
        var wait = new Option<bool>("--wait") { Description = "Wait until this node and its peers have each other's changes" };
        Option<bool> json = Json.Option();
        var command = new Command("sync", "Exchange changes with all peers now.") { wait, json, names };
        command.SetAction(async (parsed, cancel) =>
        {
            var request = new SyncRequest(parsed.GetValue(names) ?? [], parsed.GetValue(wait));
            SyncReply reply = await CallAsync(context, parsed, request, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            foreach (SyncOutcomeInfo outcome in reply.Outcomes.Where(static outcome => outcome.Problem is not null))
            {
                await context.Environment.Error.WriteLineAsync($"bazil: volume {outcome.Volume} was not synchronised with peer {outcome.Peer}: {outcome.Problem}");
                if (outcome.NextStep is { } next) await context.Environment.Error.WriteLineAsync($"bazil: {context.Environment.Hint(next)}");
            }

            return reply.Outcomes.Any(static outcome => outcome.Problem is not null) ? ExitCode.Error : ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Calls, and says each second what it waits for.</summary>
    private static async Task<SyncReply> CallAsync(CommandContext context, ParseResult parsed, SyncRequest request, CancellationToken cancel)
    {
        Task<SyncReply> call = context.CallAsync(parsed, ControlMethods.Sync, request, cancel);
        using var timer = new PeriodicTimer(ProgressInterval);
        string said = "";
        while (await Task.WhenAny(call, timer.WaitForNextTickAsync(cancel).AsTask()) != call)
        {
            SyncStatusReply status = await context.CallAsync(parsed, ControlMethods.SyncStatus, new SyncStatusRequest(null), cancel);
            string text = string.Join('\n', status.Volumes.Where(volume => request.Volumes.Count == 0 || request.Volumes.Contains(volume.Volume)).SelectMany(SyncText.Progress).Select(static line => $"bazil: {line}"));
            if (text.Length > 0 && text != said) await context.Environment.Error.WriteLineAsync(text);
            said = text;
        }

        return await call;
    }
}
