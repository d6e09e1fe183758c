using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume policy set [-copies=NUMBER] [-require=STORAGE[,STORAGE…]] VOLUMENAME</c> and <c>bazil volume policy show VOLUMENAME</c></summary>
internal static class VolumePolicyCommand
{
    public static Command Create(CommandContext context) =>
        new("policy", "How many copies of its content there are to be, and where: less is never left by this machine.") { CreateSet(context), CreateShow(context) };

    private static Command CreateSet(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        var copies = new Option<int?>("--copies") { Description = "So many copies, the one on this machine included as long as it is here", HelpName = "NUMBER" };
        var require = new Option<string?>("--require") { Description = "Storages of the volume that must have one, with commas between them; nothing for none", HelpName = "STORAGE,…" };
        Option<bool> json = Json.Option();
        var command = new Command("set", "Set it, for this machine. Tells whether it is met.") { copies, require, json, volume };
        command.SetAction(async (parsed, cancel) =>
        {
            string? given = parsed.GetValue(require);
            if (parsed.GetValue(copies) is null && given is null) throw new UsageException("give -copies or -require");
            string[]? names = given?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            Print(context, parsed.GetValue(json), await context.CallAsync(parsed, ControlMethods.VolumePolicySet, new PolicySetRequest(parsed.GetRequiredValue(volume), parsed.GetValue(copies), names), cancel));
        });
        return command;
    }

    private static Command CreateShow(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        Option<bool> json = Json.Option();
        var command = new Command("show", "Count the copies now, and tell what has too few, and why.") { json, volume };
        command.SetAction(async (parsed, cancel) => Print(context, parsed.GetValue(json), await context.CallAsync(parsed, ControlMethods.VolumePolicyShow, new VolumeRequest(parsed.GetRequiredValue(volume)), cancel)));
        return command;
    }

    private static void Print(CommandContext context, bool isJson, PolicyInfo policy)
    {
        if (isJson)
        {
            Json.Print(context.Environment, policy);
            return;
        }

        context.Environment.Output.WriteLine(PolicyText.Of(policy));
        foreach (KeptInfo reason in policy.Reasons) context.Environment.Output.WriteLine($"below: {KeptText.Of(reason)}");
        if (policy.UnreadContents > 0) context.Environment.Output.WriteLine($"{policy.UnreadContents} contents were never read on this machine: it does not know what they consist of");
    }
}
