using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil du</c></summary>
internal static class DuCommand
{
    public static Command Create(CommandContext context)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Directories or files in mounted volumes (default: here)", Arity = ArgumentArity.ZeroOrMore };
        var depth = new Option<int>("--depth") { Description = "List directories down to so many levels", HelpName = "LEVELS" };
        Option<bool> json = Json.Option();
        var command = new Command("du", "Tell how much lies below directories of mounted volumes, at once however large they are.") { depth, json, paths };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] given = parsed.GetValue(paths) is { Length: > 0 } some ? some : ["."];
            var request = new UsageRequest([.. given.Select(path => CanonicalPath.Resolve(context.Absolute(path)))], parsed.GetValue(depth));
            UsageReply reply = await context.CallAsync(parsed, ControlMethods.Usage, request, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply);
        });
        return command;
    }

    private static void Print(CliEnvironment environment, UsageReply reply) =>
        Table.Print(environment, ["SIZE", "FILES", "DIRECTORIES", "CHANGED", "PATH"], reply.Entries.Select(static entry => new[]
        {
            $"{(entry.Exact ? "" : "~")}{ByteText.Of((long)Math.Min(entry.Bytes, long.MaxValue))}",
            entry.Files.ToString(CultureInfo.InvariantCulture),
            entry.Directories.ToString(CultureInfo.InvariantCulture),
            TimeText.OfText(entry.Changed),
            entry.Path,
        }));
}
