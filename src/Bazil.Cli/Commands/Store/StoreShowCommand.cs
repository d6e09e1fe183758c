using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Store;

/// <summary><c>bazil store show</c></summary>
internal static class StoreShowCommand
{
    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var command = new Command("show", "Tell how much is in it.") { json };
        command.SetAction(async (parsed, cancel) =>
        {
            StoreInfo info = await context.CallAsync(parsed, ControlMethods.StoreShow, Nothing.Instance, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, info);
            else Print(context.Environment, info);
        });
        return command;
    }

    private static void Print(CliEnvironment environment, StoreInfo info)
    {
        Fields.Print(environment,
        [
            ("objects", info.Objects.ToString(CultureInfo.InvariantCulture)),
            ("live", ByteText.Of(info.LiveBytes)),
            ("deleted", ByteText.Of(info.DeadBytes)),
            ("segments", info.Segments.ToString(CultureInfo.InvariantCulture)),
        ]);
        if (info.NeedsConversion) environment.Output.WriteLine(environment.Hint("objects of an older version are beside it; to move them: bazil store convert"));
    }
}
