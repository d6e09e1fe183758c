using Bazil.FileSystem.Pins;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Fetching;
using Bazil.Server.Pinning;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary><c>bazil pin</c> and <c>unpin</c>: what is to be on this machine.</summary>
internal sealed class PinCommands(ConfigStore config, VolumeRegistry volumes, PinService pins)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.Pin, PinAsync);
        dispatcher.Add(ControlMethods.Unpin, UnpinAsync);
        dispatcher.Add(ControlMethods.PinList, ListAsync);
        dispatcher.Add(ControlMethods.PinLimit, (request, _) => Task.FromResult(Limit(request)));
    }

    /// <summary>How far the pinned content of each volume is; of volumes without any, nothing.</summary>
    public IReadOnlyList<PinStateInfo> States(string? only = null) =>
    [
        .. config.ListVolumes().Where(volume => only is null || volume.Name == only).Select(volume => pins.ProgressOf(volume.Id) is { } progress ? Describe(volume.Name, progress) : null).OfType<PinStateInfo>(),
    ];

    private async Task<Nothing> PinAsync(PinRequest request, CancellationToken cancel)
    {
        // All are looked at before the first is pinned: a mistake changes nothing.
        ContentSelection[] selections = [.. request.Paths.Select(path => ContentSelection.Of(volumes, path))];
        (OpenVolume? volume, PinPattern[] patterns) = await PatternsAsync(request, cancel);
        foreach (ContentSelection selection in selections)
        {
            if (!selection.Volume.Volume.Pin(selection.Names)) throw new CommandFailedException(ErrorKind.NotFound, $"there is no {selection.Path} any more");
        }

        foreach (PinPattern pattern in patterns) volume!.Volume.Pin(pattern);
        pins.Wake();
        return Nothing.Instance;
    }

    private async Task<Nothing> UnpinAsync(PinRequest request, CancellationToken cancel)
    {
        ContentSelection[] selections = [.. request.Paths.Select(path => ContentSelection.Of(volumes, path))];
        (OpenVolume? volume, PinPattern[] patterns) = await PatternsAsync(request, cancel);
        try
        {
            foreach (ContentSelection selection in selections)
            {
                if (selection.Volume.Volume.Unpin(selection.Names) != true) throw NotPinned(selection.Path, selection.Volume.Volume.Name);
            }

            foreach (PinPattern pattern in patterns)
            {
                if (!volume!.Volume.Unpin(pattern)) throw NotPinned($"pattern {pattern}", volume.Volume.Name);
            }
        }
        finally
        {
            pins.Wake();
        }

        return Nothing.Instance;
    }

    private async Task<PinListReply> ListAsync(PinListRequest request, CancellationToken cancel)
    {
        VolumeConfig[] listed = request.Volume is { } only ? [config.GetVolume(only)] : [.. config.ListVolumes()];
        var found = new List<PinInfo>();
        foreach (VolumeConfig volume in listed)
        {
            OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
            found.AddRange(open.Volume.ListPins().Select(pin => new PinInfo(volume.Name, pin.Path, pin.Pattern?.Text, pin.IsGone, pin.Since)));
        }

        return new PinListReply(found, States(request.Volume), config.ReadCache().PinRate);
    }

    private Nothing Limit(PinLimitRequest request)
    {
        long? rate = request.Rate is { } text ? RateRule.ParseRate(text) : null;
        config.UpdateCache(cache => cache with { PinRate = rate });
        return Nothing.Instance;
    }

    private async Task<(OpenVolume? Volume, PinPattern[] Patterns)> PatternsAsync(PinRequest request, CancellationToken cancel)
    {
        if (request.Patterns.Count == 0) return (null, []);
        if (request.Volume is not { } name) throw new CommandFailedException(ErrorKind.Invalid, "a pattern counts from the root of a volume, and no volume is named", "say which: -volume=VOLUMENAME");
        return (await volumes.OpenAsync(config.GetVolume(name).Id, cancel), [.. request.Patterns.Select(Parse)]);
    }

    private static PinPattern Parse(string text) => PinPattern.TryParse(text, out PinPattern? pattern)
        ? pattern
        : throw new CommandFailedException(ErrorKind.Invalid, $"\"{text}\" is no pattern: names between slashes, at most {FileSystem.Limits.PinPatternBytesMax} bytes, without . and ..", "for example photos/*.jpg, or **/*.pdf");

    private static CommandFailedException NotPinned(string what, string volume) => new(ErrorKind.NotFound, $"{what} is not pinned by itself", $"see what is: bazil pin list -volume={volume}");

    private static PinStateInfo Describe(string volume, PinProgress progress) => new(
        volume,
        progress.Phase switch { PinPhase.Complete => "complete", PinPhase.Waiting => "waiting", _ => "fetching" },
        progress.Chunks,
        progress.MissingChunks,
        progress.FetchedBytes,
        progress.Problem,
        progress.RetryAt,
        progress.CompletedAt);
}
