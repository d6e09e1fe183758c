using System.Globalization;
using System.Runtime.ExceptionServices;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Snapshots.History;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Snapshots;
using Bazil.Server.Volumes;
using Bazil.Storage.Stores;

namespace Bazil.Server.Commands;

/// <summary><c>bazil history</c> and <c>bazil undelete</c>: files of mounted volumes, by their paths.</summary>
internal sealed class HistoryCommands(VolumeRegistry volumes, ConfigStore config)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.History, HistoryAsync);
        dispatcher.Add(ControlMethods.Undelete, UndeleteAsync);
        dispatcher.Add(ControlMethods.UndeleteList, ListAsync);
    }

    private async Task<HistoryReply> HistoryAsync(PathRequest request, CancellationToken cancel)
    {
        (Volume volume, FileName[] path) = Find(request.Path);
        if (path.Length == 0) throw new CommandFailedException(ErrorKind.Invalid, $"{request.Path} is the root of volume {volume.Name}", $"see: bazil snapshot list {volume.Name}");
        (List<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, List<string> unreadable) = await OpenAllAsync(volume, cancel);
        IReadOnlyList<FileVersion> versions = await FileHistory.FindAsync(await volume.FreezeAsync(cancel), snapshots, path, cancel);
        if (versions.Count == 0) throw NowhereFound(volume, path, snapshots);
        return new HistoryReply(volume.Name, VolumePaths.Text(path), [.. versions.Select(InfoOf)], snapshots.Count, unreadable);
    }

    private async Task<UndeleteReply> UndeleteAsync(PathRequest request, CancellationToken cancel)
    {
        (Volume volume, FileName[] path) = Find(request.Path);
        string text = VolumePaths.Text(path);
        if (path.Length == 0 || await (await volume.FreezeAsync(cancel)).FindAsync(path, cancel) is not null)
        {
            throw new CommandFailedException(
                ErrorKind.AlreadyExists, $"{request.Path} is there: nothing was restored", $"for an earlier state of it, see: bazil history {request.Path}; then: bazil snapshot restore {volume.Name} SNAPSHOT {text} -to PATH");
        }

        (List<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, List<string> unreadable) = await OpenAllAsync(volume, cancel);
        LostName lost = await LostNames.FindAsync(snapshots, path, cancel) ?? throw NowhereFound(volume, path, snapshots);
        RestoreOutcome outcome = await volume.RestoreAsync(lost.Snapshot, path, path, cancel);
        if (outcome.Result == RestoreResult.NoParent)
        {
            string parent = Path.GetDirectoryName(request.Path)!;
            throw new CommandFailedException(ErrorKind.NotFound, $"{request.Path} is in snapshot {lost.Snapshot.Name}, but its directory is not there any more", $"bring that back, with all that was in it: bazil undelete {parent}");
        }

        RestoreFailures.Check(outcome.Result, volume, lost.Snapshot.Name.ToString(), text, text);
        return new UndeleteReply(volume.Name, text, lost.Snapshot.Name.ToString(), lost.Snapshot.Taken.ToDateTimeOffset(), outcome.Restored, unreadable);
    }

    private async Task<LostListReply> ListAsync(PathRequest request, CancellationToken cancel)
    {
        (Volume volume, FileName[] path) = Find(request.Path);
        (List<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, List<string> unreadable) = await OpenAllAsync(volume, cancel);
        Snapshot present = await volume.FreezeAsync(cancel);
        IReadOnlyList<LostName> lost = await LostNames.ListAsync(present, snapshots, path, cancel) ?? await NothingLostAsync(volume, present, snapshots, request.Path, path, cancel);
        return new LostListReply(volume.Name, VolumePaths.Text(path), [.. lost.Select(InfoOf)], unreadable);
    }

    /// <summary>No snapshot has the directory: nothing can be brought back in it if it is there now, and otherwise there is no such directory.</summary>
    private static async Task<IReadOnlyList<LostName>> NothingLostAsync(
        Volume volume, Snapshot present, List<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, string given, FileName[] path, CancellationToken cancel)
    {
        SnapshotEntry? entry = path.Length == 0 ? null : await present.FindAsync(path, cancel);
        if (path.Length > 0 && entry is null) throw NowhereFound(volume, path, snapshots);
        if (entry is { IsDirectory: false }) throw new CommandFailedException(ErrorKind.Invalid, $"{given} is no directory", $"for its earlier states, see: bazil history {given}");
        return snapshots.Count > 0 ? [] : throw new CommandFailedException(ErrorKind.NotFound, $"volume {volume.Name} has no snapshots of this machine to look in", FirstSnapshots(volume));
    }

    /// <summary>The mounted volume that shows a path, and where in it.</summary>
    private (Volume Volume, FileName[] Path) Find(string path)
    {
        foreach (VolumeConfig volume in config.ListVolumes())
        {
            if (volumes.Find(volume.Id) is not { MountedOn: { } mountpoint } open) continue;
            if (path != mountpoint && !path.StartsWith($"{mountpoint}/", StringComparison.Ordinal)) continue;
            FileName[] names = VolumePaths.Parse(path[mountpoint.Length..]);
            return !names.Any(static name => name.IsReserved)
                ? (open.Volume, names)
                : throw new CommandFailedException(ErrorKind.Invalid, $"{path} is not a file of volume {volume.Name}", "name the file where it is, or was, and not inside .snap or .bazil");
        }

        throw new CommandFailedException(ErrorKind.NotFound, $"{path} is not in a mounted volume of this node", "see where volumes are mounted: bazil volume list");
    }

    /// <summary>All snapshots, the newest first, and why others cannot be looked into. It fails when none of them can.</summary>
    private static async Task<(List<(SnapshotReference Reference, Snapshot Snapshot)> Opened, List<string> Unreadable)> OpenAllAsync(Volume volume, CancellationToken cancel)
    {
        var opened = new List<(SnapshotReference, Snapshot)>();
        var unreadable = new List<string>();
        Exception? first = null;
        foreach (SnapshotReference reference in volume.ListSnapshots().OrderByDescending(static s => s.Taken).ThenByDescending(static s => s.Name))
        {
            try
            {
                opened.Add((reference, await volume.OpenSnapshotAsync(reference.Key, cancel)));
            }
            catch (Exception e) when (e is StoreException or WireFormatException)
            {
                first ??= e;
                unreadable.Add($"snapshot {reference.Name} could not be read and was left out: {e.Message}");
            }
        }

        if (opened.Count == 0 && first is not null) ExceptionDispatchInfo.Throw(first);
        return (opened, unreadable);
    }

    private static CommandFailedException NowhereFound(Volume volume, FileName[] path, List<(SnapshotReference Reference, Snapshot Snapshot)> searched)
    {
        string text = VolumePaths.Text(path);
        if (searched.Count == 0) return new CommandFailedException(ErrorKind.NotFound, $"volume {volume.Name} has no {text}, and no snapshots of this machine to look in", FirstSnapshots(volume));
        string range = searched.Count == 1 ? $"snapshot {searched[0].Reference.Name}" : $"its {searched.Count} snapshots, {searched[^1].Reference.Name} to {searched[0].Reference.Name}";
        return new CommandFailedException(ErrorKind.NotFound, $"neither volume {volume.Name} has {text}, nor {range}", $"see what a directory had: bazil undelete -list DIRECTORY");
    }

    private static string FirstSnapshots(Volume volume) => volume.ListShownSnapshots().LastOrDefault() is { } other
        ? $"other members keep some: copy what you want out of .snap/{other.Name}"
        : $"from now on, take some: bazil snapshot schedule {volume.Name} -every 1h";

    private static FileVersionInfo InfoOf(FileVersion version) => new(
        version.IsPresent,
        version.Newest?.Name.ToString(),
        version.Oldest?.Name.ToString(),
        version.Snapshots,
        version.Newest?.Taken.ToDateTimeOffset(),
        version.Path.ToString(),
        Text(version.Entry.Kind),
        version.Entry.ModifyTime.ToDateTimeOffset(),
        version.Entry.Content?.SizeBytes);

    private static LostNameInfo InfoOf(LostName lost) => new(
        lost.Entry.Name.ToString(), Text(lost.Entry.Kind), lost.Entry.Content?.SizeBytes, lost.Entry.ModifyTime.ToDateTimeOffset(), lost.Snapshot.Name.ToString(), lost.Snapshot.Taken.ToDateTimeOffset());

    private static string Text(NodeKind kind) => kind.ToString().ToLower(CultureInfo.InvariantCulture);
}
