using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil whereis</c></summary>
internal static class WhereisCommand
{
    public static Command Create(CommandContext context)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories in mounted volumes", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = Json.Option();
        var command = new Command("whereis", "Tell which storages have the content of files.") { json, paths };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] absolute = [.. parsed.GetRequiredValue(paths).Select(path => CanonicalPath.Resolve(context.Absolute(path)))];
            WhereisReply reply = await context.CallAsync(parsed, ControlMethods.Whereis, new WhereisRequest(absolute), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply);
            return reply.Paths.Any(static path => path.Problem is not null) ? ExitCode.Error : ExitCode.Ok;
        });
        return command;
    }

    private static void Print(CliEnvironment environment, WhereisReply reply)
    {
        Table.Print(environment, ["PATH", "STORAGE", "HAS", "WHERE"], reply.Paths.SelectMany(static path => path.Places.Select(place => new[] { path.Path, place.Name, TextOf(path, place), place.Storage })));
        foreach (WhereisInfo path in reply.Paths.Where(static path => path.Problem is not null)) environment.Error.WriteLine($"bazil: not all chunks of {path.Path} are known: {path.Problem}");
    }

    private static string TextOf(WhereisInfo path, WhereisPlaceInfo place)
    {
        string seen = place.IsAway && place.LastSeen is { } time ? $", last seen {time.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}" : "";
        if (place.Problem is not null) return $"could not be asked: {place.Problem}{seen}";
        return (place.Chunks == path.Chunks ? "everything" : place.Chunks == 0 ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{place.Chunks} of {path.Chunks} chunks")) + seen;
    }
}
