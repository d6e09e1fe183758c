using System.Collections.Concurrent;
using System.Diagnostics;
using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Fetching;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary><c>bazil get</c>, <c>push</c> and <c>whereis</c>: content of paths in mounted volumes. They ask the volumes, not the mounts.</summary>
internal sealed class ContentCommands(ConfigStore config, VolumeRegistry volumes, StoragePool storages, Descriptions descriptions)
{
    private readonly ConcurrentDictionary<string, (ContentFetch Fetch, Stopwatch Watch)> _running = new();
    private readonly ConcurrentDictionary<string, Func<PushReply>> _pushes = new();

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.Get, GetAsync);
        dispatcher.Add(ControlMethods.GetProgress, (request, _) => Task.FromResult(Progress(request)));
        dispatcher.Add(ControlMethods.Push, PushAsync);
        dispatcher.Add(ControlMethods.PushProgress, (request, _) => Task.FromResult(new PushProgressReply(_pushes.TryGetValue(request.Ticket, out Func<PushReply>? describe) ? describe() : null)));
        dispatcher.Add(ControlMethods.Whereis, WhereisAsync);
    }

    private async Task<GetReply> GetAsync(GetRequest request, CancellationToken cancel)
    {
        ContentSelection[] selections = [.. request.Paths.Select(path => ContentSelection.Of(volumes, path))];
        var fetch = new ContentFetch();
        var watch = Stopwatch.StartNew();
        _running[request.Ticket] = (fetch, watch);
        try
        {
            foreach (ContentSelection selection in selections)
            {
                await fetch.RunAsync(selection.Volume, selection.Content, cancel);

                // Somebody wants it here: it does not go first.
                foreach (InodeId file in selection.Volume.Volume.ListFiles(selection.Names) ?? []) selection.Volume.Volume.NoteUse(file);
            }
        }
        finally
        {
            _running.TryRemove(request.Ticket, out _);
        }

        return Describe(fetch, watch);
    }

    private GetProgressReply Progress(GetProgressRequest request) => new(_running.TryGetValue(request.Ticket, out (ContentFetch Fetch, Stopwatch Watch) running) ? Describe(running.Fetch, running.Watch) : null);

    private async Task<PushReply> PushAsync(PushRequest request, CancellationToken cancel)
    {
        List<(ContentSelection Selection, ContentPush Push)> pushes = [.. request.Paths.Select(path => ContentSelection.Of(volumes, path)).Select(selection => (selection, new ContentPush(selection.Volume, StoreOf(selection, request.Storage))))];
        var watch = Stopwatch.StartNew();
        PushReply Describe() => new(
            pushes.Sum(static entry => entry.Push.Chunks), pushes.Sum(static entry => entry.Push.SentChunks), pushes.Sum(static entry => entry.Push.SentBytes), pushes.Sum(static entry => entry.Push.AbsentChunks),
            watch.Elapsed.TotalSeconds);

        _pushes[request.Ticket] = Describe;
        try
        {
            foreach ((ContentSelection selection, ContentPush push) in pushes) await push.RunAsync(selection.Content, cancel);
        }
        finally
        {
            _pushes.TryRemove(request.Ticket, out _);
        }

        return Describe();
    }

    private RemoteStore StoreOf(ContentSelection selection, string name)
    {
        string volume = selection.Volume.Volume.Name;
        VolumeStorage storage = config.GetVolume(volume).Storages.FirstOrDefault(storage => storage.Name == name)
            ?? throw new CommandFailedException(ErrorKind.NotFound, $"volume {volume} has no storage called {name}", $"see: bazil volume storage list {volume}");
        return storage.Address.IsRemote
            ? storages.OpenRemote(storage.Address)
            : throw new CommandFailedException(ErrorKind.Invalid, $"nothing is copied to storage {name}", "content is copied to storages on other machines (sftp:) and removable disks (disk:)");
    }

    private async Task<WhereisReply> WhereisAsync(WhereisRequest request, CancellationToken cancel)
    {
        var replies = new List<WhereisInfo>();
        foreach (ContentSelection selection in request.Paths.Select(path => ContentSelection.Of(volumes, path)).ToList())
        {
            VolumeConfig volume = config.FindVolume(selection.Volume.Id) ?? throw new CommandFailedException(ErrorKind.NotFound, $"the volume of {selection.Path} is gone");
            var places = new ContentPlaces(selection.Volume, [.. volume.Storages.Select(storage => (storage, storages.Open(storage.Address)))]);
            await places.RunAsync(selection.Content, cancel);
            replies.Add(new WhereisInfo(selection.Path, places.Chunks, places.Problem, [.. places.Places.Select(place => Describe(volume, place.Storage, place.Held, place.Problem))]));
        }

        return new WhereisReply(replies);
    }

    private WhereisPlaceInfo Describe(VolumeConfig volume, VolumeStorage storage, long held, string? problem) =>
        new(storage.Name, descriptions.Of(volume, storage).Storage, held, problem, storage.Address.IsRemote ? storages.OpenRemote(storage.Address).LastMet : null);

    private static GetReply Describe(ContentFetch fetch, Stopwatch watch) => new(fetch.Chunks, fetch.FetchedChunks, fetch.FetchedBytes, fetch.MissingChunks, fetch.Problem, watch.Elapsed.TotalSeconds);
}
