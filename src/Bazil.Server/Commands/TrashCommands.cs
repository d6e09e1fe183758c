using System.Globalization;
using System.IO.Enumeration;
using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Trash;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Snapshots;
using Bazil.Server.Volumes;
using Bazil.Storage.Stores;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil trash</c>.</summary>
internal sealed class TrashCommands(ConfigStore config, VolumeRegistry volumes)
{
    private readonly ConflictDescriptions _names = new(config, volumes);

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.TrashList, ListAsync);
        dispatcher.Add(ControlMethods.TrashRestore, RestoreAsync);
        dispatcher.Add(ControlMethods.TrashEmpty, EmptyAsync);
    }

    private async Task<TrashListReply> ListAsync(TrashListRequest request, CancellationToken cancel)
    {
        PeerId? peer = request.Peer is null ? null : request.Peer == ConflictDescriptions.Here ? volumes.Self : config.GetPeer(request.Peer).Id;
        IReadOnlyList<Volume> among = await VolumesAsync(request.Volume, request.What, cancel);
        List<Found> found = Find(among, request.What, out _, cancel);
        if (peer is not null) found.RemoveAll(item => item.Entry.Peer != peer);
        IEnumerable<TrashEntryInfo> newest = found.OrderByDescending(static item => item.Entry.Id).Take(Limits.ListedMax).Select(item => InfoOf(item.Volume, item.Entry));
        return new TrashListReply([.. newest], found.Count, [.. among.Select(volume => new TrashTotalsInfo(volume.Name, volume.TrashTotals.Entries, volume.TrashTotals.Bytes, config.GetVolume(volume.Name).Deletions.TrashDays))]);
    }

    private async Task<TrashRestoreReply> RestoreAsync(TrashRestoreRequest request, CancellationToken cancel)
    {
        if (request.What.Count == 0) throw new CommandFailedException(ErrorKind.Invalid, "nothing was named to be restored", "name paths or numbers of: bazil trash list");
        if (request.Target is not null && request.What.Count > 1) throw new CommandFailedException(ErrorKind.Invalid, "several things cannot go to one place", "restore them one by one, or where they were");
        List<Found> found = await FindAsync(request.Volume, request.What, cancel);
        int restored = 0;
        var left = new List<LeftInfo>();

        // The newest of each path; directories before what is in them.
        foreach (Found item in found.GroupBy(static item => (item.Volume, item.Entry.PathText)).Select(static group => group.MaxBy(static item => item.Entry.Id)!).OrderBy(static item => item.Entry.PathText, StringComparer.Ordinal))
        {
            cancel.ThrowIfCancellationRequested();
            string? reason = await RestoreAsync(item, request.Target, cancel);
            if (reason is null) restored++;
            else if (left.Count < Limits.ListedMax) left.Add(new LeftInfo(item.Volume.Name, PathText.Of(item.Entry.Path.Span), reason));
        }

        foreach (Volume volume in found.Select(static item => item.Volume).Distinct()) await volume.SyncAsync(cancel);
        return new TrashRestoreReply(restored, left);
    }

    private async Task<TrashEmptyReply> EmptyAsync(TrashEmptyRequest request, CancellationToken cancel)
    {
        if (request.All == (request.What.Count > 0)) throw new CommandFailedException(ErrorKind.Invalid, request.All ? "it is either some things or all" : "nothing was named to be deleted for good", "name paths or numbers of: bazil trash list; or say -all");
        List<Found> found = await FindAsync(request.Volume, request.What, cancel);
        int removed = 0;
        foreach (IGrouping<Volume, Found> ofVolume in found.GroupBy(static item => item.Volume))
        {
            removed += ofVolume.Key.EmptyTrash(ofVolume.Select(static item => item.Entry.Id));
            await ofVolume.Key.SyncAsync(cancel);
        }

        return new TrashEmptyReply(removed, found.Sum(static item => unchecked((long)item.Entry.SizeBytes)));
    }

    private static async Task<string?> RestoreAsync(Found item, string? target, CancellationToken cancel)
    {
        FileName[] path = item.Entry.Names();
        if (target is not null) path = [.. VolumePaths.Parse(target), .. path.Skip(item.Base.Count(static letter => letter == '/') + 1)];
        try
        {
            return ReasonOf(await item.Volume.RestoreTrashAsync(item.Entry.Id, path, cancel));
        }
        catch (StoreException e)
        {
            return $"its content is not here any more: {e.Message}";
        }
    }

    private static string? ReasonOf(TrashRestoreResult result) => result switch
    {
        TrashRestoreResult.Done => null,
        TrashRestoreResult.NotInTrash => "it is not in the trash any more",
        TrashRestoreResult.TargetExists => "something else has its name: restore it under another one with -to=TARGET",
        TrashRestoreResult.NoParent => "a part of the way there is no directory: restore it elsewhere with -to=TARGET",
        TrashRestoreResult.BadName => "no file can be called so",
        _ => "a program has the file open for writing: close that first",
    };

    private async Task<List<Found>> FindAsync(string? name, IReadOnlyList<TrashNamed> what, CancellationToken cancel)
    {
        List<Found> found = Find(await VolumesAsync(name, what, cancel), what, out TrashNamed? missing, cancel);
        return missing is null ? found : throw new CommandFailedException(ErrorKind.NotFound, $"nothing in the trash is called {missing.Text ?? missing.Path}", "see: bazil trash list");
    }

    private async Task<IReadOnlyList<Volume>> VolumesAsync(string? name, IReadOnlyList<TrashNamed> what, CancellationToken cancel)
    {
        bool areMounted = name is null && what.All(static one => one.Text is null);
        return (await PathSelection.CreateAsync(config, volumes, name, areMounted ? [.. what.Select(static one => one.Path!)] : [], cancel)).Volumes;
    }

    /// <param name="missing">The first that names nothing.</param>
    private List<Found> Find(IReadOnlyList<Volume> among, IReadOnlyList<TrashNamed> what, out TrashNamed? missing, CancellationToken cancel)
    {
        missing = null;
        if (what.Count == 0) return Find(among, static _ => static _ => "", cancel);
        var found = new List<Found>();
        foreach (TrashNamed one in what)
        {
            List<Found> named = one.Path is { } path ? Find(among, volume => MatcherOfPath(volume, path), cancel) : [];
            if (named.Count == 0 && one.Text is { } text) named = Find(among, _ => MatcherOfText(text), cancel);
            if (named.Count == 0) missing ??= one;
            found.AddRange(named);
        }

        return [.. found.DistinctBy(static item => (item.Volume, item.Entry.Id))];
    }

    private static List<Found> Find(IReadOnlyList<Volume> among, Func<Volume, Func<TrashEntry, string?>> matcher, CancellationToken cancel)
    {
        var found = new List<Found>();
        foreach (Volume volume in among)
        {
            Func<TrashEntry, string?> match = matcher(volume);
            foreach (TrashEntry entry in volume.ListTrash())
            {
                cancel.ThrowIfCancellationRequested();
                if (match(entry) is { } basePath) found.Add(new Found(volume, entry, basePath));
            }
        }

        return found;
    }

    private Func<TrashEntry, string?> MatcherOfPath(Volume volume, string path) =>
        volumes.MountpointOf(volume.Id) is { } mountpoint && path.StartsWith(mountpoint + "/", StringComparison.Ordinal)
            ? entry => Match(entry, path[(mountpoint.Length + 1)..])
            : static _ => null;

    private static Func<TrashEntry, string?> MatcherOfText(string text)
    {
        bool isNumber = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id);
        return entry => isNumber && id == entry.Id ? Encoding.UTF8.GetString(entry.Path.Span) : Match(entry, text.Trim('/'));
    }

    /// <summary>The path by which an entry is meant, or null: it is meant with all that was below a path, and a pattern means what it matches.</summary>
    private static string? Match(TrashEntry entry, string path)
    {
        string shown = PathText.Of(entry.Path.Span), plain = Encoding.UTF8.GetString(entry.Path.Span);
        if (IsWithin(plain, path) || IsWithin(shown, path)) return path;
        return path.AsSpan().IndexOfAny('*', '?') >= 0 && FileSystemName.MatchesSimpleExpression(path, plain, ignoreCase: false) ? plain : null;
    }

    private static bool IsWithin(string path, string given) => given.Length > 0 && (path == given || path.StartsWith(given + "/", StringComparison.Ordinal));

    private TrashEntryInfo InfoOf(Volume volume, TrashEntry entry) => new(
        entry.Id,
        volume.Name,
        PathText.Of(entry.Path.Span),
        ConflictDescriptions.TextOf(entry.Kind),
        ConflictDescriptions.TypeOf(entry.NodeKind),
        _names.NameOf(entry.Peer)!,
        entry.Time.ToDateTimeOffset(),
        entry.Content?.SizeBytes);

    /// <param name="Base">The path by which it was named: itself or a directory above it.</param>
    private sealed record Found(Volume Volume, TrashEntry Entry, string Base);
}
