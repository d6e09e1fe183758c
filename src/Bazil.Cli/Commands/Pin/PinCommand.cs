using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands.Pin;

/// <summary><c>bazil pin [-volume=VOLUMENAME] [-pattern=PATTERN]… [PATH…]</c>, and <c>bazil unpin</c> with the same words.</summary>
internal static class PinCommand
{
    public static Command Create(CommandContext context)
    {
        Command command = Create(context, "pin", "Keep content on this machine: it is fetched in the background, also what appears later, and never evicted.", ControlMethods.Pin);
        command.Add(PinListCommand.Create(context));
        command.Add(PinLimitCommand.Create(context));
        return command;
    }

    public static Command CreateUnpin(CommandContext context) => Create(context, "unpin", "Take back a pin. What is here stays until its room is needed.", ControlMethods.Unpin);

    public static Option<string?> VolumeOption(string description) => new("--volume") { Description = description, HelpName = "VOLUMENAME" };

    private static Command Create(CommandContext context, string name, string description, ControlMethod<PinRequest, Nothing> method)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories in mounted volumes, with all below them, wherever they are moved; one that is called list or limit: ./list", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> volume = VolumeOption("The volume of the patterns");
        var patterns = new Option<string[]>("--pattern") { Description = "Whatever is at such a path from the root of the volume, with all below it: photos/*.jpg, **/*.pdf", HelpName = "PATTERN", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = Json.Option();
        var command = new Command(name, description) { volume, patterns, json, paths };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] given = parsed.GetValue(paths) ?? [], globs = parsed.GetValue(patterns) ?? [];
            if (given.Length + globs.Length == 0) throw new UsageException("give paths, or -volume and -pattern");
            if (globs.Length == 0 && parsed.GetValue(volume) is not null) throw new UsageException("-volume goes with -pattern; a path says itself in which volume it is");
            string[] absolute = [.. given.Select(path => CanonicalPath.Resolve(context.Absolute(path)))];
            Nothing reply = await context.CallAsync(parsed, method, new PinRequest(absolute, parsed.GetValue(volume), globs), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
        });
        return command;
    }
}
