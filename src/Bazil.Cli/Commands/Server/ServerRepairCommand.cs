using System.CommandLine;
using System.Globalization;
using Bazil.FileSystem.Repair;
using Bazil.Server.Repair;
using Bazil.Storage.Metadata;

namespace Bazil.Cli.Commands.Server;

/// <summary><c>bazil server repair</c></summary>
internal static class ServerRepairCommand
{
    private const int PathsShown = 50;

    public static Command Create(CommandContext context)
    {
        var command = new Command(
            "repair", "Rebuild a damaged database from what can be read of it and from snapshots, while no server runs. The damaged one is kept. Says what was lost.");
        command.SetAction(async (parsed, cancel) =>
        {
            NodeRepairReport report = await NodeRepair.RunAsync(context.DataDirectory(parsed), TimeProvider.System, cancel);
            await WriteAsync(context.Environment.Output, report);
            return report.HasLoss ? ExitCode.Damage : ExitCode.Ok;
        });
        return command;
    }

    private static async Task WriteAsync(TextWriter output, NodeRepairReport report)
    {
        MetadataSalvage salvage = report.Salvage;
        await output.WriteLineAsync($"{salvage.RowCount} rows read; {(salvage.IsComplete ? "none is known to be missing" : Missing(salvage))}");
        if (salvage.WasRebuilt) await output.WriteLineAsync("the list of its files was lost and made anew: changes of the last time before the damage may be missing");
        foreach ((string name, VolumeRepairReport volume) in report.Volumes) await WriteAsync(output, name, volume);
        if (!salvage.IsComplete) await output.WriteLineAsync("volumes, peers and sharing keys may be among what is missing: see bazil volume list, bazil peer list, bazil sharing list");
        await output.WriteLineAsync($"the damaged database is kept in {report.DamagedPath}");
    }

    private static string Missing(MetadataSalvage salvage) => string.Join(", ", new[]
    {
        salvage.Gaps.Count > 0 ? $"{salvage.Gaps.Count} ranges of rows cannot be read" : "",
        salvage.LostFiles.Count > 0 ? $"nothing can be read of {string.Join(' ', salvage.LostFiles)}" : "",
    }.Where(static text => text.Length > 0));

    private static async Task WriteAsync(TextWriter output, string name, VolumeRepairReport volume)
    {
        await output.WriteLineAsync($"volume {name}: {volume.KeptCount} files and directories kept, {volume.RestoredCount} taken from snapshots, {volume.LostCount} lost");
        if (volume.MalformedRowCount > 0) await output.WriteLineAsync($"  {volume.MalformedRowCount} rows make no sense and were left out");
        if (volume.RestoredFrom is { } from)
        {
            string taken = DateTimeOffset.FromUnixTimeSeconds(from.Seconds).ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
            await output.WriteLineAsync($"  taken from the snapshot of {taken}, as they were then{(volume.MayLackMore ? "; files removed since may be among them" : "")}:");
        }

        await WritePathsAsync(output, volume.Restored, volume.RestoredCount);
        if (volume.LostCount > 0) await output.WriteLineAsync("  lost, and in no snapshot:");
        await WritePathsAsync(output, volume.Lost, volume.LostCount);
        if (volume.NamelessLostCount > 0) await output.WriteLineAsync($"  {volume.NamelessLostCount} files or directories are lost with their names");
        if (volume.MayLackMore) await output.WriteLineAsync("  files may be missing without a trace: compare with a backup or with the other members");
        if (volume.WasWrittenAnew) await output.WriteLineAsync($"  other members hold it too: get what they have with: bazil volume sync {name} PEER");
        foreach (string note in volume.Notes) await output.WriteLineAsync($"  {note}");
    }

    private static async Task WritePathsAsync(TextWriter output, IReadOnlyList<string> paths, long count)
    {
        foreach (string path in paths.Take(PathsShown)) await output.WriteLineAsync($"    {path}");
        if (count > PathsShown && paths.Count > 0) await output.WriteLineAsync($"    and {count - Math.Min(PathsShown, paths.Count)} more");
    }
}
