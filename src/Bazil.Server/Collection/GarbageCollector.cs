using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Collection;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Collection;

/// <summary>Collects the garbage of this node's own store, for all its volumes. Safe for concurrent use: one collection at a time, others wait.</summary>
internal sealed class GarbageCollector(
    ConfigStore config, IMetadataStore metadata, StoragePool storages, VolumeRegistry volumes, PeerId self, string scratchDirectory, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _running = new(1, 1);

    /// <summary>The last collection that was completed.</summary>
    public CollectionState Last => CollectionState.Read(metadata);

    /// <inheritdoc cref="GarbageRun.RunAsync"/>
    /// <remarks>A volume that cannot be opened is unreadable as a whole.</remarks>
    public async Task<GarbageReport> RunAsync(bool isDryRun, Pace pace, CancellationToken cancel)
    {
        await _running.WaitAsync(cancel);
        try
        {
            var unreadable = new List<UnreadableContent>();
            List<CollectedVolume> collected = await OpenVolumesAsync(unreadable, cancel);
            if (unreadable.Count > 0) return new GarbageReport(Last.Generation, 0, default, []) { Unreadable = unreadable };
            var run = new GarbageRun(storages.OpenLocal(), metadata, self, clock) { ScratchDirectory = scratchDirectory };
            return await Task.Run(() => run.RunAsync(collected, isDryRun, pace, cancel), cancel);
        }
        finally
        {
            _running.Release();
        }
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
