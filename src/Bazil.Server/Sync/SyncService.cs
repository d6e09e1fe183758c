using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Volumes;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Sync;

/// <summary>
/// Keeps all volumes up to date with all peers that may have them, without being asked: one <see cref="SyncPair"/> for each volume and peer, as the configuration says at
/// any moment. Concurrent. Disposing it ends all streams.
/// </summary>
internal sealed class SyncService : IAsyncDisposable
{
    private readonly SyncParts _parts;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<(VolumeId Volume, PeerId Peer), SyncPair> _pairs = new();
    private readonly ConcurrentDictionary<VolumeId, VolumeAnnouncer> _announcers = new();
    private readonly ConcurrentDictionary<VolumeId, int> _suspended = new();
    private readonly Signal _configChanged = new();
    private readonly CancellationTokenSource _stop = new();

    // Held while pairs are made and ended.
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Lock _lock = new(); // guards the two below; calls nothing outside
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _revision;
    private Task _work = Task.CompletedTask;

    public SyncService(SyncParts parts, ILogger<SyncService> log)
    {
        _parts = parts with { FindTold = FindTold, StateChanged = NoteChange };
        _log = log;
    }

    public SyncParts Parts => _parts;

    /// <summary>Changes whenever a state does.</summary>
    public long Revision
    {
        get
        {
            lock (_lock) return _revision;
        }
    }

    /// <summary>All pairs, in no order.</summary>
    public IReadOnlyList<SyncPair> Pairs => [.. _pairs.Values];

    /// <summary>Begins. Once.</summary>
    public void Start()
    {
        _parts.Config.Changed += _configChanged.Set;
        if (_parts.HeedsNetwork) NetworkChange.NetworkAddressChanged += OnNetworkChanged;
        _configChanged.Set();
        _work = Task.Run(FollowAsync);
    }

    /// <summary>Waits until a state has changed since the revision.</summary>
    public Task WhenChangedAsync(long since, CancellationToken cancel)
    {
        lock (_lock) return _revision != since ? Task.CompletedTask : _changed.Task.WaitAsync(cancel);
    }

    /// <summary>The pairs of a volume as the configuration has them now, made if need be.</summary>
    public async Task<IReadOnlyList<SyncPair>> PairsOfAsync(VolumeId volume, CancellationToken cancel)
    {
        await ReconcileAsync(cancel);
        return [.. _pairs.Values.Where(pair => pair.VolumeId == volume)];
    }

    /// <summary>A peer sent a request about a volume.</summary>
    public void Saw(VolumeId volume, PeerId peer)
    {
        if (_pairs.TryGetValue((volume, peer), out SyncPair? pair)) pair.Saw();
    }

    /// <summary>Tells a peer of changes of a volume for as long as it listens.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ListenAsync(VolumeId volume, PeerId peer, IPEndPoint? address, [EnumeratorCancellation] CancellationToken cancel)
    {
        bool isNew = address is not null && _parts.Addresses.Learn(peer, address);
        foreach (SyncPair pair in _pairs.Values.Where(pair => pair.Peer == peer && (isNew || pair.VolumeId == volume))) pair.Saw();
        VolumeAnnouncer announcer = await AnnouncerOfAsync(volume, cancel);
        bool isFirst = true;
        await foreach (ReadOnlyMemory<byte> note in announcer.ListenAsync(() => _parts.IsPaused(volume, peer), isBeginning => CountBehind(volume, peer, isBeginning), cancel))
        {
            // Who is no member any more hears one note, pulls, and is told why not; a connection that ends says the same to one that was removed meanwhile.
            if (!isFirst && !announcer.IsMember(peer)) yield break;
            isFirst = false;
            yield return note;
        }
    }

    /// <summary>Ends all that is done on a volume, and lets nothing begin until the result is disposed: before the volume is closed.</summary>
    public async Task<IAsyncDisposable> SuspendAsync(VolumeId volume, CancellationToken cancel)
    {
        _suspended.AddOrUpdate(volume, 1, static (_, count) => count + 1);
        var suspension = new Suspension(this, volume);
        try
        {
            await ReconcileAsync(cancel);
            if (_announcers.TryRemove(volume, out VolumeAnnouncer? announcer)) await announcer.DisposeAsync();
        }
        catch
        {
            await suspension.DisposeAsync();
            throw;
        }

        return suspension;
    }

    public async ValueTask DisposeAsync()
    {
        NetworkChange.NetworkAddressChanged -= OnNetworkChanged;
        _parts.Config.Changed -= _configChanged.Set;
        await _stop.CancelAsync();
        await _work;
        await Task.WhenAll(_pairs.Values.Select(static pair => pair.DisposeAsync().AsTask()));
        foreach (VolumeAnnouncer announcer in _announcers.Values) await announcer.DisposeAsync();
    }

    private async Task<VolumeAnnouncer> AnnouncerOfAsync(VolumeId id, CancellationToken cancel)
    {
        if (_announcers.TryGetValue(id, out VolumeAnnouncer? there)) return there;
        OpenVolume open = await _parts.Volumes.OpenAsync(id, cancel);
        await _gate.WaitAsync(cancel);
        try
        {
            if (_suspended.ContainsKey(id)) throw new CommandFailedException(ErrorKind.Busy, $"volume {open.Volume.Name} is being removed");
            return _announcers.GetOrAdd(id, static (_, arguments) => new VolumeAnnouncer(arguments.Volume, arguments.Time), (open.Volume, _parts.Time));
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>What a peer lacks, as far as it is known here. With a note after each change not much is looked at; whoever comes after a long time is told more exactly.</summary>
    private NoteCounts? CountBehind(VolumeId volume, PeerId peer, bool isBeginning)
    {
        if (!_pairs.TryGetValue((volume, peer), out SyncPair? pair) || pair.KnowledgeThere() is not { } known || _parts.Volumes.Find(volume) is not { } open) return null;
        int most = isBeginning ? Limits.StatusChangesMax : Limits.NoteChangesMax, changes = open.Volume.CountBeyond(known, most + 1);
        return NoteCounts.Of(changes, most, open.Volume.CountContentBeyond(known, isBeginning ? Limits.StatusContentsMax : Limits.NoteChangesMax));
    }

    private Knowledge? FindTold(VolumeId volume, byte[] digest) => _announcers.TryGetValue(volume, out VolumeAnnouncer? announcer) ? announcer.FindTold(digest) : null;

    private void NoteChange()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _revision++;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    /// <summary>The machine woke up, or is on another network: who could not be reached may be reached now.</summary>
    private void OnNetworkChanged(object? sender, EventArgs e)
    {
        foreach (SyncPair pair in _pairs.Values.Where(static pair => !pair.State.IsConnected)) pair.Wake();
    }

    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                await _configChanged.WaitAsync(_stop.Token);
                try
                {
                    HashSet<SyncPair> made = await ReconcileAsync(_stop.Token); // they know how things are, and may have called already
                    foreach (SyncPair pair in _pairs.Values.Where(pair => !made.Contains(pair))) pair.Refresh();
                    foreach (VolumeAnnouncer announcer in _announcers.Values) announcer.Refresh();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A database that failed: every command says so. The next change tries again.
                    DaemonLog.SyncFailed(_log, Failures.Describe(e).Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    /// <summary>Makes and ends pairs until they are what the configuration says. Returns those that it made.</summary>
    private async Task<HashSet<SyncPair>> ReconcileAsync(CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            Dictionary<VolumeId, VolumeConfig> volumes = _parts.Config.ListVolumes().Where(volume => !_suspended.ContainsKey(volume.Id)).ToDictionary(static volume => volume.Id);
            var wanted = new HashSet<(VolumeId, PeerId)>();
            var made = new HashSet<SyncPair>();
            foreach (PeerConfig peer in _parts.Config.ListPeers())
            {
                foreach (VolumeId id in peer.Volumes.Where(volumes.ContainsKey))
                {
                    wanted.Add((id, peer.Id));
                    if (_pairs.ContainsKey((id, peer.Id))) continue;
                    var pair = new SyncPair(volumes[id], peer.Id, _parts);
                    _pairs[(id, peer.Id)] = pair;
                    made.Add(pair);
                }
            }

            foreach (((VolumeId, PeerId) key, SyncPair pair) in _pairs)
            {
                if (wanted.Contains(key)) continue;
                _pairs.TryRemove(key, out _);
                await pair.DisposeAsync();
            }

            return made;
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed class Suspension(SyncService service, VolumeId volume) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            if (service._suspended.AddOrUpdate(volume, 0, static (_, count) => count - 1) <= 0) service._suspended.TryRemove(volume, out _);
            service._configChanged.Set();
            return ValueTask.CompletedTask;
        }
    }
}
