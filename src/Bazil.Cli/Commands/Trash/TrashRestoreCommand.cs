using System.CommandLine;
using Bazil.Cli.Commands.Conflict;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Trash;

/// <summary><c>bazil trash restore [-volume=VOLUMENAME] [-to=TARGET] WHAT…</c></summary>
internal static class TrashRestoreCommand
{
    public static Command Create(CommandContext context)
    {
        Option<string?> volume = TrashCommand.VolumeOption();
        var target = new Option<string?>("--to") { Description = "Where to, from the root of the volume (default: where it was)", HelpName = "TARGET" };
        Argument<string[]> what = TrashCommand.WhatArgument("Numbers, paths or patterns, as for list; a directory comes back with all that was in it");
        what.Arity = ArgumentArity.OneOrMore;
        Option<bool> json = Json.Option();
        var command = new Command("restore", "Bring back what peers deleted or overwrote, for all members.") { volume, target, json, what };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(volume);
            TrashRestoreReply reply = await context.CallAsync(parsed, ControlMethods.TrashRestore, new TrashRestoreRequest(name, TrashCommand.WhatOf(context, name, parsed.GetValue(what)), parsed.GetValue(target)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else context.Environment.Output.WriteLine($"{reply.Restored} restored");
            return ConflictCommand.PrintLeft(context.Environment, reply.Left);
        });
        return command;
    }
}
