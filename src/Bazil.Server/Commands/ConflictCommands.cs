using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Live;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Volumes;
using Bazil.Storage.Stores;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil conflict</c>, but for those that compare and merge content (<see cref="ConflictExports"/>).</summary>
internal sealed class ConflictCommands(ConfigStore config, VolumeRegistry volumes, ConflictExports exports)
{
    private readonly ConflictDescriptions _descriptions = new(config, volumes);

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.ConflictList, ListAsync);
        dispatcher.Add(ControlMethods.ConflictResolve, ResolveAsync);
        dispatcher.Add(ControlMethods.ConflictExport, ExportAsync);
        dispatcher.Add(ControlMethods.ConflictImport, exports.ImportAsync);
    }

    private async Task<ConflictListReply> ListAsync(ConflictListRequest request, CancellationToken cancel)
    {
        PathSelection selection = await PathSelection.CreateAsync(config, volumes, request.Volume, request.Paths, cancel);
        List<(Volume Volume, Conflict Conflict)> found = Find(selection, cancel);
        return new ConflictListReply([.. found.Take(Limits.ListedMax).Select(entry => _descriptions.Of(entry.Volume, entry.Conflict))], found.Count);
    }

    private async Task<ConflictResolveReply> ResolveAsync(ConflictResolveRequest request, CancellationToken cancel)
    {
        if (request.All == (request.Paths.Count > 0)) throw new CommandFailedException(ErrorKind.Invalid, request.All ? "it is either paths or all" : "nothing was named to be resolved", "name files or directories, or say -all");
        PathSelection selection = await PathSelection.CreateAsync(config, volumes, request.Volume, request.Paths, cancel);
        List<(Volume Volume, Conflict Conflict)> found = Find(selection, cancel);
        CheckFound(selection, found);
        PeerId? peer = request.Choice == "theirs" ? PeerOf(request.Peer) : null;
        int resolved = 0;
        var left = new List<LeftInfo>();
        foreach ((Volume volume, Conflict conflict) in found)
        {
            cancel.ThrowIfCancellationRequested();
            string? reason = await SettleAsync(volume, conflict, request, peer);
            if (reason is null) resolved++;
            else if (left.Count < Limits.ListedMax) left.Add(new LeftInfo(volume.Name, PathText.Of(conflict.Path.Span), reason));
        }

        foreach (Volume volume in found.Select(static entry => entry.Volume).Distinct()) await volume.SyncAsync(cancel);
        return new ConflictResolveReply(resolved, left);
    }

    private async Task<ConflictExportReply> ExportAsync(ConflictExportRequest request, CancellationToken cancel)
    {
        PathSelection selection = await PathSelection.CreateAsync(config, volumes, request.Volume, [request.Path], cancel);
        List<(Volume Volume, Conflict Conflict)> found = Find(selection, cancel);
        CheckFound(selection, found);
        List<(Volume Volume, Conflict Conflict)> contents = [.. found.Where(static entry => entry.Conflict.Values.Any(static value => value.Content is not null))];
        if (contents.Count == 0) throw new CommandFailedException(ErrorKind.Invalid, $"{request.Path} is in conflict, but not about content", "see: bazil conflict show; settle it with bazil conflict resolve -ours or -theirs=PEER");
        if (contents.Count > 1) throw new CommandFailedException(ErrorKind.Invalid, $"{request.Path} has {contents.Count} conflicts of content in or below it", "name one file: bazil conflict list");
        return await exports.ExportAsync(contents[0].Volume, contents[0].Conflict, _descriptions.Of(contents[0].Volume, contents[0].Conflict), cancel);
    }

    private static List<(Volume Volume, Conflict Conflict)> Find(PathSelection selection, CancellationToken cancel)
    {
        var found = new List<(Volume, Conflict)>();
        foreach (Volume volume in selection.Volumes)
        {
            var ofVolume = new List<Conflict>();
            foreach (Conflict conflict in volume.ListConflicts())
            {
                cancel.ThrowIfCancellationRequested();
                if (selection.Find(volume, conflict.Path.Span) >= 0) ofVolume.Add(conflict);
            }

            ofVolume.Sort(static (a, b) => a.Path.Span.SequenceCompareTo(b.Path.Span) is not 0 and var order ? order : a.Kind.CompareTo(b.Kind));
            found.AddRange(ofVolume.Select(conflict => (volume, conflict)));
        }

        return found;
    }

    /// <summary>Each path that a person names must be about something.</summary>
    private static void CheckFound(PathSelection selection, List<(Volume Volume, Conflict Conflict)> found)
    {
        HashSet<int> hit = [.. found.Select(entry => selection.Find(entry.Volume, entry.Conflict.Path.Span))];
        for (int index = 0; index < selection.Paths.Count; index++)
        {
            (Volume volume, string path) = selection.Paths[index];
            bool isCovered = hit.Contains(index) || selection.Paths.Take(index).Any(other => other == (volume, path));
            if (!isCovered) throw new CommandFailedException(ErrorKind.NotFound, $"nothing is in conflict at {(path.Length == 0 ? "/" : path)} in volume {volume.Name}", "see: bazil conflict list");
        }
    }

    private PeerId? PeerOf(string? text)
    {
        if (text is null or { Length: 0 }) throw new CommandFailedException(ErrorKind.Invalid, "whose is to be kept?", "name the peer: -theirs=PEER");
        if (text == ConflictDescriptions.Here) return volumes.Self;
        return text.Contains('@', StringComparison.Ordinal) ? null : config.GetPeer(text).Id;
    }

    /// <summary>Settles one conflict; returns why it could not be done so, or null.</summary>
    private static async Task<string?> SettleAsync(Volume volume, Conflict conflict, ConflictResolveRequest request, PeerId? peer)
    {
        if (request.Choice == "both") return ReasonOf(await volume.SettleWithAllAsync(conflict));
        ConflictValue? keep;
        switch (request.Choice)
        {
            case "ours":
                keep = conflict.Values[0];
                break;
            case "newest":
                keep = conflict.Newest;
                break;
            case "theirs":
                List<ConflictValue> theirs = [.. conflict.Values.Where(value => peer is null ? value.Label == request.Peer : value.Writer == peer)];
                if (theirs.Count > 1) return $"{request.Peer} wrote several of its sides: name one as -theirs={theirs[0].Label}, or {string.Join(", or ", theirs.Skip(1).Select(static value => value.Label))}";
                keep = theirs.SingleOrDefault();
                if (keep is null) return $"{request.Peer} wrote none of its sides, which are {string.Join(", ", conflict.Values.Select(static value => value.Label))}";
                break;
            default:
                throw new CommandFailedException(ErrorKind.Invalid, $"\"{request.Choice}\" is no way to resolve a conflict", "the ways are: -ours, -theirs=PEER, -both, -newest, -merge-tool=CMD");
        }

        try
        {
            return ReasonOf(await volume.SettleAsync(conflict, keep));
        }
        catch (StoreException e)
        {
            return e.Message; // the others can be settled
        }
    }

    public static string? ReasonOf(ConflictOutcome outcome) => outcome switch
    {
        ConflictOutcome.Done => null,
        ConflictOutcome.Changed => "it has changed since it was looked at: look again, and decide again",
        ConflictOutcome.InUse => "a program has it open for writing: close that first",
        ConflictOutcome.NotBoth => "both cannot be kept: a directory has one place, and there is one set of attributes; keep one with -ours or -theirs=PEER",
        ConflictOutcome.IsDirectory => "a directory has the name: keep both, or remove the directory first",
        _ => "something else has that place now, or its directory is not here",
    };
}
