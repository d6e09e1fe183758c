using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume set VOLUMENAME SETTING=VALUE...</c></summary>
internal static class VolumeSetCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var settings = new Argument<string[]>("SETTING=VALUE")
        {
            Description = "compression=on|off: whether new content is compressed on this machine; brake-share=PERCENT|off and brake-files=NUMBER: from which deletions by others on you are asked; trash-days=DAYS: how long the trash keeps things; read-timeout=30s: how long a program that reads what is elsewhere waits for storages that are away",
            Arity = ArgumentArity.OneOrMore,
        };
        settings.Validators.Add(static result =>
        {
            if (result.Tokens.FirstOrDefault(static token => token.Value.IndexOf('=', StringComparison.Ordinal) < 1) is { } bad) result.AddError($"\"{bad.Value}\" is not SETTING=VALUE");
        });
        var command = new Command("set", "Change settings of a volume. What is stored already stays as it is.") { name, settings };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed,
            ControlMethods.VolumeSet,
            new VolumeSetRequest(parsed.GetRequiredValue(name), [.. parsed.GetRequiredValue(settings).Select(Parse)]),
            cancel));
        return command;
    }

    private static VolumeSetting Parse(string text)
    {
        int separator = text.IndexOf('=', StringComparison.Ordinal);
        return new VolumeSetting(text[..separator], text[(separator + 1)..]);
    }
}
