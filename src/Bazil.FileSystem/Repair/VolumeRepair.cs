using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Repair;

/// <summary>
/// Rebuilds the rows of one volume from those that were got out of a damaged database. What counts is the replicated state, the records of the
/// nodes: names, indexes and counts are made anew from it, by the code that places what a peer sends. Nodes that are named and have no record
/// come from the newest snapshot that can be read. Works in place, under a number of its own until everything is done; nothing else may use
/// the database meanwhile.
/// </summary>
public sealed class VolumeRepair
{
    /// <summary>Added to the number of the volume while its rows are being made anew.</summary>
    private const uint UnderWay = 0x8000_0000;

    /// <summary>The same for rows that are written as by a new member.</summary>
    private const uint Anew = 0x4000_0000;

    private readonly VolumeOptions _options;
    private readonly MetadataSalvage _salvage;
    private readonly SalvagedRows _rows;
    private readonly List<string> _notes = [];

    private VolumeRepair(VolumeOptions options, MetadataSalvage salvage)
    {
        _options = options;
        _salvage = salvage;
        _rows = new SalvagedRows(options.Metadata, options.LocalNumber);
    }

    /// <param name="options">The volume, over the rows that were got out of the damaged database.</param>
    /// <param name="salvage">What is known to be missing among them.</param>
    /// <param name="cancel">Gives up; the rows are then of no use.</param>
    /// <exception cref="MetadataException">The database failed.</exception>
    public static Task<VolumeRepairReport> RunAsync(VolumeOptions options, MetadataSalvage salvage, CancellationToken cancel) =>
        new VolumeRepair(options, salvage).RunAsync(cancel);

    private async Task<VolumeRepairReport> RunAsync(CancellationToken cancel)
    {
        uint number = _options.LocalNumber;
        FollowEpochs();
        await TakeBackAsync();
        MissingNodes missing = MissingNodes.Find(_rows, cancel);
        Volume.Delete(_options.Metadata, number | UnderWay);
        _rows.CopyStateTo(number | UnderWay);
        if (_rows.LoosePatchCount > 0) _notes.Add($"the last {_rows.LoosePatchCount} small changes that were synced to open files lack what they were made to");
        VolumeStore store = OpenStore(number | UnderWay);
        bool hasOpenPull = store.State.OpenReferences().Any();
        var rebuild = new RecordRebuild(store, _rows, UnixTime.Now(_options.Clock));
        rebuild.Run(cancel);
        bool mayLackMore = _rows.MayLack(_salvage) || _rows.MalformedCount > 0;
        var fill = new SnapshotFill(store, new SnapshotReader(_options.Chunks), missing, takesAll: mayLackMore, UnixTime.Now(_options.Clock));
        await fill.RunAsync(_rows.Snapshots(_notes), _notes, cancel);
        uint final = number | UnderWay;
        PeerId[] others = [.. new Transaction(store).Members().Where(member => member != store.Self)];
        bool isShared = others.Length > 0;
        bool isHurt = mayLackMore || missing.Count > 0 || _salvage.WasRebuilt;

        // Nodes of an interrupted pull are here without all that was known where they came from, and what they rest on is not rebuilt.
        bool isAnew = hasOpenPull || (isShared && isHurt);
        if (isAnew)
        {
            final = number | Anew;
            Volume.Delete(_options.Metadata, final);
            Volume.Create(_options with { LocalNumber = final }, isOwn: false);
            new TreeCopy(store, OpenStore(final)).Run(UnixTime.Now(_options.Clock), cancel);
            _rows.CopySnapshotsTo(final);
            int open = store.Tables.ReadInodes(Table.Working).Count;
            if (open > 0) _notes.Add($"what was written in the last seconds to {open} files that were open is lost");
            KeepEpochs(number | UnderWay, final);
            var batch = new MetadataBatch();
            VolumeCollection.NoteRebuilt(batch, new VolumeTables(_options.Metadata, final), others);
            _options.Metadata.Commit(batch);
        }

        var report = new VolumeRepairReport
        {
            KeptCount = rebuild.Count,
            MalformedRowCount = _rows.MalformedCount,
            Restored = fill.Restored,
            RestoredCount = fill.RestoredCount,
            RestoredFrom = fill.From,
            Lost = missing.Describe(store, VolumeRepairReport.NamedMax),
            LostCount = missing.NamedCount,
            NamelessLostCount = missing.NamelessCount,
            MayLackMore = mayLackMore,
            WasWrittenAnew = isAnew,
            Notes = _notes,
        };
        _rows.Replace(final);
        Volume.Delete(_options.Metadata, number | UnderWay);
        Volume.Delete(_options.Metadata, number | Anew);
        return report;
    }

    private VolumeStore OpenStore(uint number) => new(_options.Metadata, number, _options.Entropy, _options.Identity.PeerId);

    private void FollowEpochs()
    {
        try
        {
            _options.Keys?.Follow(KeyEpochList.Read(_options.Metadata, _options.LocalNumber), KeyEpochList.ReadEverKnown(_options.Metadata, _options.LocalNumber));
        }
        catch (WireFormatException e)
        {
            _notes.Add($"the list of sharing-key epochs cannot be read: {e.Message}");
        }
    }

    /// <summary>
    /// The list of epochs comes with the first pull. What is sealed in old ones must be found until then, and kept from being collected: an object
    /// is known by the keys that may have sealed it.
    /// </summary>
    private void KeepEpochs(uint source, uint target)
    {
        KeyEpochList known = KeyEpochList.ReadEverKnown(_options.Metadata, source).With(KeyEpochList.Read(_options.Metadata, source).Epochs);
        if (known.IsEmpty) return;
        var batch = new MetadataBatch();
        known.PutEverKnown(batch, new VolumeTables(_options.Metadata, target));
        _options.Metadata.Commit(batch);
    }

    private async Task TakeBackAsync()
    {
        try
        {
            int count = await UndoRecovery.RunAsync(_options.Metadata, new VolumeTables(_options.Metadata, _options.LocalNumber), _options.Chunks);
            if (count > 0) _notes.Add($"the last {count} changes were taken back, for their content is not there");
        }
        catch (Exception e) when (e is WireFormatException or StoreException)
        {
            _notes.Add($"the last changes before the damage could not be checked for missing content: {e.Message}");
        }
    }
}
