using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Pin;

/// <summary><c>bazil pin list [-volume=VOLUMENAME]</c></summary>
internal static class PinListCommand
{
    public static Command Create(CommandContext context)
    {
        Option<string?> volume = PinCommand.VolumeOption("Only this volume");
        Option<bool> json = Json.Option();
        var command = new Command("list", "List what is pinned, and how far it is here.") { volume, json };
        command.SetAction(async (parsed, cancel) =>
        {
            PinListReply reply = await context.CallAsync(parsed, ControlMethods.PinList, new PinListRequest(parsed.GetValue(volume)), cancel);
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, reply);
                return;
            }

            Table.Print(context.Environment, ["VOLUME", "PINNED", "SINCE"], reply.Pins.Select(static pin => new[]
            {
                pin.Volume,
                pin.Pattern is { } pattern ? $"pattern {pattern}" : pin.IsGone ? $"{(pin.Path!.Length == 0 ? "something" : pin.Path)} (deleted)" : pin.Path!,
                TimeText.Of(pin.Since),
            }));
            foreach (PinStateInfo state in reply.States) context.Environment.Output.WriteLine($"{state.Volume}: {PinText.Of(state)}");
        });
        return command;
    }
}
