using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil check</c></summary>
internal static class CheckCommand
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string?>("VOLUMENAME") { Description = "Name of the volume (default: all)", Arity = ArgumentArity.ZeroOrOne };
        var read = new ImpliedValueOption("--read-data", "100") { Description = "Also decrypt and hash the content, or PERCENT of it", HelpName = "PERCENT" };
        Option<bool> json = Json.Option();
        var command = new Command("check", "Check that all content is there and undamaged, and heal what can be healed.") { read, json, name };
        command.SetAction(async (parsed, cancel) =>
        {
            var request = new CheckRequest(parsed.GetValue(name), Percent(parsed.GetValue(read)), $"{Environment.ProcessId}");
            CheckReply reply = await CallAsync(context, parsed, request, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply);
            if (reply.HasLoss) return ExitCode.Damage;
            return reply.Volumes.Any(static volume => volume.Unknown > 0) ? ExitCode.Error : ExitCode.Ok;
        });
        return command;
    }

    private static double Percent(string? text)
    {
        if (text is null) return 0;
        bool isNumber = double.TryParse(text.TrimEnd('%'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent);
        return isNumber && percent is > 0 and <= 100 ? percent : throw new UsageException($"invalid value \"{text}\" of -read-data: it must be a percentage above 0, up to 100");
    }

    private static Task<CheckReply> CallAsync(CommandContext context, ParseResult parsed, CheckRequest request, CancellationToken cancel)
    {
        return ProgressLine.WaitAsync(context.Environment, context.CallAsync(parsed, ControlMethods.Check, request, cancel), DescribeAsync, cancel);

        async Task<string?> DescribeAsync()
        {
            CheckProgressReply progress = await context.CallAsync(parsed, ControlMethods.CheckProgress, new CheckProgressRequest(request.Ticket), cancel);
            return progress.Current is { } now ? $"{now.Volume}: {now.Chunks} chunks, {now.ReadBytes >> 20} MiB read, {now.LostPaths} files damaged" : null;
        }
    }

    private static void Print(CliEnvironment environment, CheckReply reply)
    {
        foreach (VolumeCheckInfo volume in reply.Volumes)
        {
            string elsewhere = volume.Elsewhere > 0 ? $", {volume.Elsewhere} only in other storages" : "";
            string read = volume.Read > 0 ? $", {volume.Read} read ({volume.ReadBytes >> 20} MiB)" : "";
            string verdict = volume.Damaged + volume.Missing == 0 ? "no damage" : $"{volume.Damaged} damaged, {volume.Missing} missing, {volume.LostPaths} files affected";
            string healed = volume.Healed > 0 ? $", {volume.Healed} healed" : "";
            environment.Output.WriteLine($"{volume.Volume}: {volume.Chunks} chunks{read}{elsewhere}: {verdict}{healed}");
            if (volume.MendedDirectories > 0) environment.Output.WriteLine($"  sizes of {volume.MendedDirectories} directories were wrong and are right now");
            foreach (AffectedPathInfo path in volume.Lost) environment.Output.WriteLine($"  damaged: {path.Path}");
            foreach (AffectedPathInfo path in volume.Lost.Take(10)) environment.Error.WriteLine($"bazil: {volume.Volume}{path.Path}: {path.Reason}");
            if (volume.LostPaths > volume.Lost.Count) environment.Output.WriteLine($"  and {volume.LostPaths - volume.Lost.Count} more");
            foreach (AffectedPathInfo path in volume.Unreached) environment.Output.WriteLine($"  not checked: {path.Path}");
            if (volume.Unreached.Count > 0) environment.Error.WriteLine($"bazil: {volume.Volume}: {volume.Unknown} chunks are not here and could not be looked for: {volume.Unreached[0].Reason}");
        }

        if (reply.HasLoss) environment.Error.WriteLine("bazil: attach the storages and connect the peers that may have this content, and check again; or restore the files from elsewhere");
    }
}
