using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// One collection of garbage after the other in one store, as <c>docs/gc.md</c> has it: mark what all volumes refer to, as of one view of
/// the rows; sweep; complete. The volumes stay in use. One run at a time.
/// </summary>
/// <param name="store">The store, which all volumes may share.</param>
/// <param name="metadata">The database with the rows of all volumes.</param>
/// <param name="self">This node, as the members name it.</param>
/// <param name="clock">Tells when.</param>
public sealed class GarbageRun(CollectingObjectStore store, IMetadataStore metadata, PeerId self, TimeProvider clock)
{
    /// <summary>Where a walk puts what is too much for the memory.</summary>
    public string ScratchDirectory { get; init; } = Path.GetTempPath();

    /// <summary>
    /// What looks at the rows of stores elsewhere, before the collection counts as done: what came and went since the last one is not known any more after that. Asks nobody; a failure fails the collection.
    /// </summary>
    public IReadOnlyList<Func<SweepOrder, CancellationToken, Task>> Elsewhere { get; init; } = [];

    /// <param name="volumes">Every volume that this node has: what one of them refers to is not garbage.</param>
    /// <param name="isDryRun">Finds out what would be done, and does nothing.</param>
    /// <param name="pace">How fast.</param>
    /// <returns>With <see cref="GarbageReport.Unreadable"/> when something that leads to other chunks could not be read: then nothing was deleted.</returns>
    /// <exception cref="IOException">The store failed. Nothing was deleted, unless it was while sweeping: then what was deleted was garbage.</exception>
    public async Task<GarbageReport> RunAsync(IReadOnlyList<CollectedVolume> volumes, bool isDryRun, Pace pace, CancellationToken cancel)
    {
        UnixTime began = UnixTime.Now(clock);
        using ObjectCollection collection = store.Begin(isDryRun);

        // A power cut may take changes back, but to no moment before this one: nothing referred to what is deleted from then on.
        foreach (CollectedVolume volume in volumes) await volume.Volume.SyncAsync(cancel);

        // Before the view: what was heard with these words is in it.
        List<MemberWords> words = [.. volumes.Select(static volume => volume.Volume.ReadWords())];

        // What was stored before this line is named by open files, or by the view that is taken after them; the rest is marked.
        var held = new List<IReadOnlyList<HeldContent>>();
        foreach (CollectedVolume volume in volumes) held.Add(await volume.Volume.ListHeldContentAsync(cancel));
        using IMetadataSnapshot view = metadata.Snapshot();
        var unreadable = new List<UnreadableContent>();
        foreach ((CollectedVolume volume, IReadOnlyList<HeldContent> open) in volumes.Zip(held))
        {
            var reachability = new VolumeReachability(view, volume.LocalNumber, open, volume.Chunks) { KeepsSnapshotsBeside = self, KeepsAdopted = true, KeepsTrash = true, ScratchDirectory = ScratchDirectory };
            unreadable.AddRange(await MarkAsync(volume, reachability, collection, pace, cancel));
        }

        if (unreadable.Count > 0) return new GarbageReport(collection.Generation, collection.MarkedCount, default, []) { Unreadable = unreadable };

        // A row that named an object must not come back after a power cut when the object is gone.
        metadata.Sync();
        List<(CollectedVolume Volume, MemberAgreement Agreement)> agreements =
            [.. volumes.Select(volume => (volume, VolumeCollection.ReadAgreement(view, volume.LocalNumber, self)))];
        ulong agreed = agreements.Select(static entry => entry.Agreement.Generation).DefaultIfEmpty(MemberAgreement.All).Min();
        List<(CollectedVolume Volume, MemberAgreement Agreement)> fresh = [.. volumes.Zip(words, (volume, heard) => (volume, VolumeCollection.ReadFreshAgreement(view, volume.LocalNumber, self, heard)))];
        ulong agreedElsewhere = fresh.Select(static entry => entry.Agreement.Generation).DefaultIfEmpty(MemberAgreement.All).Min();
        string[] restarted = [.. volumes.Where(volume => AdoptedRows.AreIncomplete(view, volume.LocalNumber)).Select(static volume => volume.Name)];
        SweepReport sweep = restarted.Length > 0
            ? await collection.SweepAgainAsync(pace, cancel)
            : await collection.SweepAsync(generation => generation <= agreed, pace, cancel);
        var order = new SweepOrder(collection.Generation, collection.IsMarked, generation => generation <= agreedElsewhere, StartsAgain: restarted.Length > 0, isDryRun, pace);
        foreach (Func<SweepOrder, CancellationToken, Task> sweepElsewhere in Elsewhere) await sweepElsewhere(order, cancel);
        if (!isDryRun)
        {
            var batch = new MetadataBatch();
            foreach (CollectedVolume volume in volumes) VolumeCollection.Complete(batch, view, volume.LocalNumber, self, collection.Generation, began);
            collection.Complete(batch, clock.GetUtcNow());
        }

        return new GarbageReport(collection.Generation, collection.MarkedCount, sweep, [.. agreements.Where(static entry => entry.Agreement.Behind.Count > 0)]) { Restarted = restarted, Unheard = [.. fresh.Where(static entry => entry.Agreement.Behind.Count > 0)] };
    }

    /// <summary>Marks all that a volume refers to. Returns what is not known to have been, for it could not be read.</summary>
    private static async Task<List<UnreadableContent>> MarkAsync(CollectedVolume volume, VolumeReachability reachability, ObjectCollection collection, Pace pace, CancellationToken cancel)
    {
        var unreadable = new HashSet<UnreadableContent>();
        int failureCount = 0;
        await foreach (ReachableChunk chunk in reachability.WalkAsync(cancel))
        {
            // What is replaced and nowhere any more has been collected by the others, for this node vouched that it does not hold it.
            if (chunk is { Failure: ChunkNotFoundException, Origin.IsReplaced: true }) continue;
            if (chunk.Failure is { } failure)
            {
                unreadable.Add(new UnreadableContent(volume.Name, chunk.Origin.Describe(), chunk.Origin.KeptBy, failure.Message));
                if (++failureCount >= Limits.UnreadableNamedMax) break;
            }

            foreach (ObjectId id in volume.IdsOf(chunk)) collection.Mark(id);
            await pace.StepAsync(cancel);
        }

        return [.. unreadable];
    }
}
