using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage list</c></summary>
internal static class VolumeStorageListCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the storages of a volume; the first is written to.") { json, volume };
        command.SetAction(async (parsed, cancel) =>
        {
            StorageListReply reply = await context.CallAsync(
                parsed, ControlMethods.VolumeStorageList, new VolumeRequest(parsed.GetRequiredValue(volume)), cancel);
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, reply);
                return;
            }

            Table.Print(context.Environment, ["NAME", "STORAGE", "READS", "STORED", "COPIES"], reply.Storages.Select(static s => new[] { s.Name, s.Storage, ReadsText(s), StoredText(s.Health), TextOf(s.Copy) }));
            foreach (StorageInfo storage in reply.Storages.Where(static storage => storage.Health?.Damaged.Count > 0)) PrintDamaged(context.Environment, storage);
        });
        return command;
    }

    private static string ReadsText(StorageInfo storage)
    {
        string limits = storage.ReadLimits.Count > 0 ? $"at most {string.Join(", ", storage.ReadLimits)}" : "";
        return string.Join("; ", new[] { TextOf(storage.Health), limits }.Where(static text => text.Length > 0));
    }

    private static string TextOf(StorageHealthInfo? health) => health switch
    {
        null or { State: "unused" } => "",
        { State: "away" } => $"away, asked again at {health.RetryAt?.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)}",
        _ => string.Create(CultureInfo.InvariantCulture, $"{health.LatencyMs:0.#} ms{(health.BytesPerSecond is { } rate ? $", {rate / (1 << 20):0.#} MiB/s" : "")}"),
    };

    private static void PrintDamaged(CliEnvironment environment, StorageInfo storage)
    {
        foreach (string pack in storage.Health!.Damaged) environment.Output.WriteLine($"cannot be read in {storage.Name}: {pack}");
        environment.Output.WriteLine("  what is in it is read from elsewhere; if the file is damaged, remove it there: machines that have its content send it again");
    }

    private static string StoredText(StorageHealthInfo? health) => health is { Packs: { } packs, StoredBytes: { } bytes }
        ? string.Create(CultureInfo.InvariantCulture, $"{(health.Objects is { } objects ? $"{objects} {(objects == 1 ? "object" : "objects")}, " : "")}{bytes / (double)(1 << 20):0.#} MiB in {packs} {(packs == 1 ? "pack" : "packs")}")
        : "";

    private static string TextOf(StorageCopyInfo? copy)
    {
        if (copy is null) return "";
        string waiting = copy.Waiting is { } count ? string.Create(CultureInfo.InvariantCulture, $"{(copy.IsMore ? "more than " : "")}{count} {(count == 1 ? "change waits" : "changes wait")}") : "not known yet what waits";
        string absent = copy.Absent > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {copy.Absent} chunks are not here to be copied") : "";
        string limits = copy.Limits.Count > 0 ? $"; at most {string.Join(", ", copy.Limits)}" : "";
        return copy.State switch
        {
            "complete" => $"complete{absent}{limits}",
            "away" => $"{copy.Problem}; {waiting}, last seen {copy.LastSeen?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "never"}",
            "waiting" => $"{waiting} until {copy.RetryAt?.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)}: {copy.Problem}",
            _ => $"copying, {waiting}{absent}{limits}",
        };
    }
}
