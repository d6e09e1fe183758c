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
using Bazil.Storage.Stores;

namespace Bazil.Server.Commands;

/// <summary><c>bazil get</c>, <c>push</c> and <c>whereis</c>: content of paths in mounted volumes. They ask the volumes, not the mounts.</summary>
internal sealed class ContentCommands(ConfigStore config, VolumeRegistry volumes, StoragePool storages, Descriptions descriptions, TimeProvider time)
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
        VolumeConfig volume = config.GetVolume(selection.Volume.Volume.Name);
        VolumeStorage? storage = StorageNames.Find(config, volume, name);
        bool isLocal = storage is null ? name == StorageAddress.Local.ToString() : storage.Address is StorageAddress.LocalStorage;
        if (isLocal) throw new CommandFailedException(ErrorKind.Invalid, $"nothing is copied to storage {name}: it is this node's own store", "to fetch content to this machine: bazil get PATH; " + CopiesOf(volume));
        storage ??= StorageNames.Get(config, volume, name);
        if (storage.Address.IsRemote) return storages.OpenRemote(storage.Address);
        string reason = storage.Address is StorageAddress.PeerStorage ? "a peer fetches by itself what is read or pinned there" : "a directory is only read from";
        throw new CommandFailedException(ErrorKind.Invalid, $"nothing is copied to storage {name}: {reason}", CopiesOf(volume));
    }

    private static string CopiesOf(VolumeConfig volume)
    {
        string[] names = [.. volume.Storages.Where(static storage => storage.Address.IsRemote).Select(static storage => storage.Name)];
        return names.Length > 0
            ? $"storages that content is copied to: {string.Join(", ", names)}"
            : $"content is copied to storages on other machines (sftp:, s3:) and removable disks (disk:); to add one: bazil volume storage add {volume.Name} STORAGE";
    }

    private async Task<WhereisReply> WhereisAsync(WhereisRequest request, CancellationToken cancel)
    {
        var replies = new List<WhereisInfo>();
        foreach (ContentSelection selection in request.Paths.Select(path => ContentSelection.Of(volumes, path)).ToList())
        {
            VolumeConfig volume = config.FindVolume(selection.Volume.Id) ?? throw new CommandFailedException(ErrorKind.NotFound, $"the volume of {selection.Path} is gone");
            var places = new ContentPlaces(selection.Volume, [.. volume.Storages.Select(storage => (storage, storages.Open(storage.Address)))]);
            await places.RunAsync(selection.Content, cancel);
            WhereisPlaceInfo[] described = await Task.WhenAll(places.Places.Select(place => DescribeAsync(volume, place.Storage, place.Held, place.Problem, cancel)));
            replies.Add(new WhereisInfo(selection.Path, places.Chunks, places.Problem, described));
        }

        return new WhereisReply(replies);
    }

    private async Task<WhereisPlaceInfo> DescribeAsync(VolumeConfig volume, VolumeStorage storage, long held, string? problem, CancellationToken cancel)
    {
        RemoteStore? remote = storage.Address.IsRemote ? storages.OpenRemote(storage.Address) : null;
        bool isAway = remote is not null && !await IsThereAsync(remote, cancel);
        return new WhereisPlaceInfo(storage.Name, descriptions.Of(volume, storage).Storage, held, problem, remote?.LastMet, isAway);
    }

    /// <summary>What its index says was told without asking there.</summary>
    private async Task<bool> IsThereAsync(RemoteStore store, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(Limits.WhereisWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            await store.ProbeAsync(either.Token).WaitAsync(either.Token);
            return true;
        }
        catch (Exception e) when (e is StoreException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    private static GetReply Describe(ContentFetch fetch, Stopwatch watch) => new(fetch.Chunks, fetch.FetchedChunks, fetch.FetchedBytes, fetch.MissingChunks, fetch.Problem, watch.Elapsed.TotalSeconds);
}
