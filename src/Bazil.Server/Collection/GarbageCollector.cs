using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Collection;
using Bazil.Remotes.Packs;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Collection;

/// <summary>Collects the garbage of this node's own store and of the stores elsewhere, for all its volumes. Safe for concurrent use: one collection at a time, others wait.</summary>
internal sealed class GarbageCollector(
    ConfigStore config, IMetadataStore metadata, StoragePool storages, VolumeRegistry volumes, PeerId self, string scratchDirectory, IEntropy entropy, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _running = new(1, 1);

    /// <summary>The last collection that was completed.</summary>
    public CollectionState Last => CollectionState.Read(metadata);

    /// <inheritdoc cref="GarbageRun.RunAsync"/>
    /// <param name="removal">What may go, or be announced to go, in stores elsewhere and at peers.</param>
    /// <returns>What became of the own store, and of each store elsewhere.</returns>
    /// <remarks>A volume that cannot be opened is unreadable as a whole.</remarks>
    public async Task<(GarbageReport Local, IReadOnlyList<IElsewhereCollection> Elsewhere)> RunAsync(bool isDryRun, PackRemoval removal, Pace pace, CancellationToken cancel)
    {
        List<IElsewhereCollection> elsewhere = ListElsewhere(removal);
        await Task.WhenAll(elsewhere.Select(store => store.PrepareAsync(isDryRun, cancel)));
        GarbageReport report = await SweepAsync(elsewhere, isDryRun, removal, pace, cancel);

        // Moving what is needed may take long: the next collection need not wait for it, nor it for that one.
        if (!isDryRun && report.Unreadable.Count == 0) await Task.WhenAll(elsewhere.Select(store => store.ReclaimAsync(cancel)));
        return (report, elsewhere);
    }

    /// <summary>
    /// Does something while no collection runs. For taking over content that nothing here refers to: it may be fossils, and a collection that looked
    /// before it was taken over would delete them.
    /// </summary>
    public async Task RunBetweenAsync(Func<Task> action, CancellationToken cancel)
    {
        await _running.WaitAsync(cancel);
        try
        {
            await action();
        }
        finally
        {
            _running.Release();
        }
    }

    public void Dispose() => _running.Dispose();

    private async Task<GarbageReport> SweepAsync(IReadOnlyList<IElsewhereCollection> elsewhere, bool isDryRun, PackRemoval removal, Pace pace, CancellationToken cancel)
    {
        await _running.WaitAsync(cancel);
        try
        {
            var unreadable = new List<UnreadableContent>();
            List<CollectedVolume> collected = await OpenVolumesAsync(unreadable, cancel);
            if (unreadable.Count > 0) return new GarbageReport(Last.Generation, 0, default, []) { Unreadable = unreadable };
            var run = new GarbageRun(storages.OpenLocal(), metadata, self, clock)
            {
                ScratchDirectory = scratchDirectory,
                Elsewhere = [.. elsewhere.Select(store => (Func<SweepOrder, CancellationToken, Task>)((order, stop) => store.SweepAsync(removal == PackRemoval.None ? Keeping(order) : order, stop))), ForgetOthersAsync],
            };
            return await Task.Run(() => run.RunAsync(collected, isDryRun, pace, cancel), cancel);
        }
        finally
        {
            _running.Release();
        }
    }

    /// <summary>The same collection, in which nothing is ripe: fossils are noted and taken back, and wait for one that may remove them.</summary>
    private static SweepOrder Keeping(SweepOrder order) => order with { IsRipe = static _ => false };

    /// <summary>The stores of packs, and of peers, that volumes of this node use, each once.</summary>
    private List<IElsewhereCollection> ListElsewhere(PackRemoval removal) =>
    [
        .. config.ListVolumes().SelectMany(static volume => volume.Storages).Where(static storage => storage.Address is StorageAddress.PeerStorage).GroupBy(static storage => ((StorageAddress.PeerStorage)storage.Address).Peer).Select(
            uses => new PeerCollection([.. uses.Select(static use => use.Name).Distinct()], storages.OfferOf(uses.Key), removal, entropy, clock)),
        .. config.ListVolumes().SelectMany(static volume => volume.Storages).Where(static storage => storage.Address.IsRemote).GroupBy(static storage => storage.Address).DistinctBy(uses => StoreOf(uses.Key)).Select(
            uses => new PackCollection([.. uses.Select(static use => use.Name).Distinct()], storages.OpenRemote(uses.Key), removal, [.. uses.Select(static use => use.Rates)], clock)),
    ];

    /// <summary>What tells one store from another: several addresses may lead to the same, which has one set of rows and one lease, and is collected once.</summary>
    private object StoreOf(StorageAddress address) => PackStore.Recall(metadata, address.ToString()!) is { } store ? store : address;

    /// <summary>Fossils in stores that no volume uses any more: nobody looks whether something refers to them again, so they are none.</summary>
    private Task ForgetOthersAsync(SweepOrder order, CancellationToken cancel)
    {
        if (order.IsDryRun) return Task.CompletedTask;
        HashSet<Guid> used = [];
        foreach (StorageAddress address in config.ListVolumes().SelectMany(static volume => volume.Storages).Select(static storage => storage.Address))
        {
            if (address is StorageAddress.PeerStorage { Peer: var peer }) used.Add(new Guid(storages.OfferOf(peer).Fossils.StoreId.Span, bigEndian: true));
            else if (address.IsRemote && PackStore.Recall(metadata, address.ToString()!) is { } store) used.Add(store);
        }

        RemoteFossils.DeleteOthers(metadata, used);
        return Task.CompletedTask;
    }

    private async Task<List<CollectedVolume>> OpenVolumesAsync(List<UnreadableContent> unreadable, CancellationToken cancel)
    {
        var collected = new List<CollectedVolume>();
        foreach (VolumeConfig volume in config.ListVolumes())
        {
            try
            {
                OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
                IReadOnlyList<SharingKey> keys = open.Keys.RequireAll();
                collected.Add(new CollectedVolume(
                    volume.Name,
                    open.Volume,
                    volume.LocalNumber,
                    open.Keys.Uncached,
                    chunk => keys.Select(key => ObjectNaming.IdOf(key, chunk.Type, chunk.Level, chunk.Key))));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                CommandFailedException reason = Failures.Describe(e);
                string advice = reason.NextStep is { } step ? $"; {step}" : "";
                unreadable.Add(new UnreadableContent(volume.Name, "", null, $"it cannot be opened: {reason.Message}{advice}"));
            }
        }

        return collected;
    }
}
