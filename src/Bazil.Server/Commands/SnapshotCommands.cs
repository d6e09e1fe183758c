using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Snapshots.Diff;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Snapshots;
using Bazil.Server.Volumes;
using Bazil.Storage.Stores;
using Bazil.Unix;
using SnapshotSchedule = Bazil.Server.Snapshots.SnapshotSchedule;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil snapshot</c>.</summary>
internal sealed class SnapshotCommands(ConfigStore config, VolumeRegistry volumes, TimeProvider clock)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.SnapshotCreate, CreateAsync);
        dispatcher.Add(ControlMethods.SnapshotList, ListAsync);
        dispatcher.Add(ControlMethods.SnapshotDiff, DiffAsync);
        dispatcher.Add(ControlMethods.SnapshotRemove, RemoveAsync);
        dispatcher.Add(ControlMethods.SnapshotRename, RenameAsync);
        dispatcher.Add(ControlMethods.SnapshotRestore, RestoreAsync);
        dispatcher.Add(ControlMethods.SnapshotSchedule, (request, _) => Task.FromResult(Schedule(request)));
    }

    private async Task<SnapshotInfo> CreateAsync(SnapshotRequest request, CancellationToken cancel)
    {
        Volume volume = await OpenAsync(request.Volume, cancel);
        FileName name = NewName(request.Name);
        SnapshotOutcome outcome = await volume.TakeSnapshotAsync(name, SnapshotOrigin.Person, skipUnchanged: false, cancel);
        Require(outcome.Error, volume, request.Name);
        return await DescribeAsync(volume, new ShownSnapshot(name, outcome.Taken!, Member: null), [], cancel);
    }

    private async Task<SnapshotListReply> ListAsync(VolumeRequest request, CancellationToken cancel)
    {
        Volume volume = await OpenAsync(request.Volume, cancel);
        var snapshots = new List<SnapshotInfo>();
        var away = new HashSet<PeerId>(); // each failure may take a while: one of them tells of all
        foreach (ShownSnapshot shown in volume.ListShownSnapshots().OrderBy(static s => s.Reference.Taken).ThenBy(static s => s.Name)) snapshots.Add(await DescribeAsync(volume, shown, away, cancel));
        return new SnapshotListReply(snapshots, InfoOf(config.GetVolume(request.Volume).Snapshots));
    }

    private async Task<SnapshotDiffReply> DiffAsync(SnapshotDiffRequest request, CancellationToken cancel)
    {
        Volume volume = await OpenAsync(request.Volume, cancel);
        Snapshot from = await volume.OpenSnapshotAsync(Find(volume, request.From).Reference.Key, cancel);
        Snapshot to = request.To is { } name ? await volume.OpenSnapshotAsync(Find(volume, name).Reference.Key, cancel) : await volume.FreezeAsync(cancel);
        IReadOnlyList<SnapshotChange> changes = await SnapshotDiff.RunAsync(from, to, cancel);
        return new SnapshotDiffReply([.. changes.Take(Limits.DiffChangesMax).Select(InfoOf)], changes.Count);
    }

    private async Task<Nothing> RemoveAsync(SnapshotRequest request, CancellationToken cancel)
    {
        Volume volume = await OpenAsync(request.Volume, cancel);
        Require(volume.RemoveSnapshot(FindOwn(volume, request.Name, "remove").Name), volume, request.Name);
        await volume.SyncAsync(cancel);
        return Nothing.Instance;
    }

    private async Task<Nothing> RenameAsync(SnapshotRenameRequest request, CancellationToken cancel)
    {
        Volume volume = await OpenAsync(request.Volume, cancel);
        Errno error = volume.RenameSnapshot(FindOwn(volume, request.Name, "rename").Name, NewName(request.NewName));
        Require(error, volume, error == Errno.EEXIST ? request.NewName : request.Name);
        await volume.SyncAsync(cancel);
        return Nothing.Instance;
    }

    private async Task<SnapshotRestoreReply> RestoreAsync(SnapshotRestoreRequest request, CancellationToken cancel)
    {
        Volume volume = await OpenAsync(request.Volume, cancel);
        SnapshotReference snapshot = FindOwnForRestore(volume, request.Name);
        FileName[] path = VolumePaths.Parse(request.Path), target = VolumePaths.Parse(request.Target ?? request.Path);
        if (request.InPlace && request.Target is not null)
        {
            throw new CommandFailedException(ErrorKind.Invalid, "a restore is either in place or to another name", "leave out -to or -in-place");
        }

        if (!request.InPlace && target.Length == 0)
        {
            throw new CommandFailedException(ErrorKind.Invalid, "a whole volume is restored to a new directory or in place", "say where with -to DIRECTORY, or -in-place: what there is now is then kept in a snapshot first");
        }

        RestoreOutcome outcome = request.InPlace
            ? await volume.RestoreInPlaceAsync(snapshot, path, SnapshotNames.Free(volume, clock.GetUtcNow(), "before-restore-"), cancel)
            : await volume.RestoreAsync(snapshot, path, target, cancel);
        string text = VolumePaths.Text(request.InPlace ? path : target);
        RestoreFailures.Check(outcome.Result, volume, request.Name, VolumePaths.Text(path), text, config.GetVolume(request.Volume).Mountpoint ?? "MOUNTPOINT");
        return new SnapshotRestoreReply(text, outcome.Restored, outcome.Removed, outcome.Kept?.ToString(), outcome.InUse ?? []);
    }

    private SnapshotScheduleInfo Schedule(SnapshotScheduleRequest request)
    {
        SnapshotSchedule? schedule = config.GetVolume(request.Volume).Snapshots;
        if (!request.Off && request.Every is null && request.Keep is null) return InfoOf(schedule);
        SnapshotSchedule? changed = request.Off ? null : SnapshotSchedule.Parse(request.Every ?? schedule?.EveryText ?? "1h", request.Keep ?? schedule?.KeepText ?? SnapshotSchedule.DefaultKeep);
        return InfoOf(config.UpdateVolume(request.Volume, volume => volume with { Snapshots = changed }).Snapshots);
    }

    private async Task<Volume> OpenAsync(string name, CancellationToken cancel) => (await volumes.OpenAsync(config.GetVolume(name).Id, cancel)).Volume;

    /// <summary>A name that a person gives, which must be typed again one day.</summary>
    private static FileName NewName(string name)
    {
        NameRules.Check("snapshot name", name);
        return FileName.Parse(name);
    }

    private static ShownSnapshot Find(Volume volume, string name) =>
        FileName.TryCreate(Encoding.UTF8.GetBytes(name), out FileName parsed) && volume.FindShownSnapshot(parsed) is { } found ? found : throw SnapshotFailures.Of(Errno.ENOENT, volume.Name, null, name);

    private SnapshotReference FindOwn(Volume volume, string name, string what)
    {
        ShownSnapshot found = Find(volume, name);
        return found.Member is not { } member ? found.Reference : throw new CommandFailedException(
            ErrorKind.Invalid, $"snapshot {name} of volume {volume.Name} belongs to {NameOf(member)}", $"only who took it can {what} it; there: bazil snapshot {what} {volume.Name} {found.Reference.Name}");
    }

    /// <summary>A restore takes content over by reference, which needs the word of whoever keeps the snapshot that it stays: docs/gc.md, "Snapshots of members".</summary>
    private SnapshotReference FindOwnForRestore(Volume volume, string name)
    {
        ShownSnapshot found = Find(volume, name);
        return found.Member is not { } member ? found.Reference : throw new CommandFailedException(
            ErrorKind.Invalid, $"snapshot {name} of volume {volume.Name} belongs to {NameOf(member)}, which may remove it meanwhile",
            $"restore it there, or copy what you want: cp -a {config.GetVolume(volume.Name).Mountpoint ?? "MOUNTPOINT"}/.snap/{name}/PATH TARGET");
    }

    private string NameOf(PeerId member) => config.FindPeer(member)?.DisplayName ?? member.ToString();

    private static void Require(Errno error, Volume volume, string name)
    {
        if (error != Errno.OK) throw SnapshotFailures.Of(error, volume.Name, volume.Failure, name);
    }

    private async Task<SnapshotInfo> DescribeAsync(Volume volume, ShownSnapshot shown, HashSet<PeerId> away, CancellationToken cancel)
    {
        SnapshotReference reference = shown.Reference;
        TreeTotals? totals = null;
        try
        {
            if (shown.Member is not { } keeper || !away.Contains(keeper)) totals = (await volume.OpenSnapshotAsync(reference.Key, cancel)).Totals;
        }
        catch (Exception e) when (e is StoreException or WireFormatException)
        {
            // The list is for finding out what there is; using the snapshot tells what is wrong with it.
            if (shown.Member is { } absent && e is StoreException { IsUnreachable: true }) away.Add(absent);
        }

        return new SnapshotInfo(
            shown.Name.ToString(), reference.Key.ToString(), reference.Taken.ToDateTimeOffset(), Text(reference.Origin), totals?.Files, totals?.Directories, totals?.Bytes,
            shown.Member is { } member ? NameOf(member) : null);
    }

    private static SnapshotScheduleInfo InfoOf(SnapshotSchedule? schedule) => new(schedule?.EveryText, schedule?.KeepText);

    private static SnapshotChangeInfo InfoOf(SnapshotChange change) => new(
        Text(change.Kind), Text((change.After ?? change.Before)!.Kind), change.Path.ToString(), change.OldPath?.ToString(), change.IsContentChanged, change.Before?.Content?.SizeBytes, change.After?.Content?.SizeBytes);

    private static string Text<T>(T value)
        where T : struct, Enum => value.ToString().ToLower(CultureInfo.InvariantCulture);
}
