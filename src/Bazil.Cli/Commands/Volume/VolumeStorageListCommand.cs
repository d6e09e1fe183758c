using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage list</c></summary>
internal static class VolumeStorageListCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the storages of a volume; the first is written to.") { json, volume };
        command.SetAction(async (parsed, cancel) =>
        {
            StorageListReply reply = await context.CallAsync(
                parsed, ControlMethods.VolumeStorageList, new VolumeRequest(parsed.GetRequiredValue(volume)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["NAME", "STORAGE"], reply.Storages.Select(static s => new[] { s.Name, s.Storage }));
        });
        return command;
    }
}
