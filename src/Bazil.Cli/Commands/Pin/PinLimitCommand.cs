using System.CommandLine;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Pin;

/// <summary><c>bazil pin limit (RATE|-off)</c></summary>
internal static class PinLimitCommand
{
    public static Command Create(CommandContext context)
    {
        var rate = new Argument<string?>("RATE") { Description = "2MiB/s, 500kB/s and the like", Arity = ArgumentArity.ZeroOrOne };
        var off = new Option<bool>("--off") { Description = "Take the limit away" };
        var command = new Command("limit", "Limit how fast pinned content is fetched.") { off, rate };
        command.SetAction((parsed, cancel) =>
        {
            string? given = parsed.GetValue(rate);
            if (parsed.GetValue(off) == given is not null) throw new UsageException(given is null ? "give a rate, or -off" : "-off does not go with a rate");
            return context.CallAsync(parsed, ControlMethods.PinLimit, new PinLimitRequest(given), cancel);
        });
        return command;
    }
}
