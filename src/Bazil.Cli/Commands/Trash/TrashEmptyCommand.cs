using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Trash;

/// <summary><c>bazil trash empty [-volume=VOLUMENAME] (WHAT… | -all)</c></summary>
internal static class TrashEmptyCommand
{
    public static Command Create(CommandContext context)
    {
        Option<string?> volume = TrashCommand.VolumeOption();
        var all = new Option<bool>("--all") { Description = "Everything, or everything of the volume" };
        Argument<string[]> what = TrashCommand.WhatArgument("Numbers, paths or patterns, as for list");
        Option<bool> json = Json.Option();
        var command = new WrittenOutCommand("empty", "Delete from the trash for good. The space comes back with gc.", "[-volume=VOLUMENAME] [-json] WHAT...|-all") { volume, all, json, what };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(volume);
            TrashNamed[] named = TrashCommand.WhatOf(context, name, parsed.GetValue(what));
            if (parsed.GetValue(all) == (named.Length > 0)) throw new UsageException(named.Length > 0 ? "it is either some things or -all" : "name what is to be deleted for good, or say -all");
            TrashEmptyReply reply = await context.CallAsync(parsed, ControlMethods.TrashEmpty, new TrashEmptyRequest(name, named, parsed.GetValue(all)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else context.Environment.Output.WriteLine($"{reply.Removed} deleted, {ByteText.Of(reply.Bytes)}");
        });
        return command;
    }
}
