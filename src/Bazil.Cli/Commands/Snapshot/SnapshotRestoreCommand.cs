using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Commands.Volume;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot restore VOLUMENAME NAME [PATH] [-to TARGET | -in-place]</c></summary>
internal static class SnapshotRestoreCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument(), name = SnapshotCommand.NameArgument();
        var path = new Argument<string?>("PATH") { Description = "What to bring back, from the root of the volume; left out, everything", Arity = ArgumentArity.ZeroOrOne };
        var target = new Option<string?>("--to") { Description = "Where to, from the root of the volume: a name that is free (default: where it was)", HelpName = "TARGET" };
        var inPlace = new Option<bool>("--in-place") { Description = "Replace what is there now; it is kept in a snapshot first" };
        Option<bool> json = Json.Option();
        var command = new Command("restore", "Bring a file or a directory back as it was, at once whatever its size.") { target, inPlace, json, volume, name, path };
        command.SetAction(async (parsed, cancel) =>
        {
            SnapshotRestoreReply reply = await context.CallAsync(
                parsed,
                ControlMethods.SnapshotRestore,
                new SnapshotRestoreRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(name), parsed.GetValue(path) ?? "", parsed.GetValue(target), parsed.GetValue(inPlace)),
                cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, parsed.GetRequiredValue(volume), reply);
            return reply.InUse.Count == 0 ? ExitCode.Ok : ExitCode.Error;
        });
        return command;
    }

    private static void Print(CliEnvironment environment, string volume, SnapshotRestoreReply reply)
    {
        string what = string.Create(CultureInfo.InvariantCulture, $"{reply.Restored} restored{(reply.Removed > 0 ? $", {reply.Removed} removed" : "")}");
        environment.Output.WriteLine($"{(reply.Target.Length == 0 ? volume : reply.Target)}: {what}");
        if (reply.Kept is { } kept) environment.Output.WriteLine($"what was there is in snapshot {kept}");
        foreach (string path in reply.InUse) environment.Error.WriteLine($"bazil: {path} was left alone: it is being written, or was changed meanwhile");
        if (reply.InUse.Count > 0) environment.Error.WriteLine("bazil: close the programs that write there, and restore again");
    }
}
