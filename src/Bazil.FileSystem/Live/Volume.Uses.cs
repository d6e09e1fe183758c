using Bazil.Core;
using Bazil.FileSystem.Eviction;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// When files were last used: what nobody uses is evicted first.
public sealed partial class Volume
{
    /// <summary>So many rows of files that are gone are removed each time.</summary>
    private const int StaleUsesMax = 10_000;

    /// <summary>Guarded by the gate.</summary>
    private LastUse? _lastUse;

    /// <summary>A file was used: opened in the mount, or fetched on purpose.</summary>
    public void NoteUse(InodeId file)
    {
        lock (_gate)
        {
            if ((_lastUse ??= new LastUse(_store.Tables)).Note(file, _options.Clock.GetUtcNow())) SaveUsesHeld();
        }
    }

    /// <summary>Writes what was noted into rows, and removes those of files that are gone.</summary>
    public void SaveUses()
    {
        lock (_gate)
        {
            SaveUsesHeld();
            var batch = new MetadataBatch();
            foreach (byte[] key in LastUse.FindStale(_store.Tables, StaleUsesMax)) batch.Delete(key);
            if (batch.Count > 0 && Failure is null) _options.Metadata.Commit(batch);
        }
    }

    /// <summary>Under the gate.</summary>
    private void SaveUsesHeld()
    {
        if (_lastUse?.Take() is { Count: > 0 } batch && Failure is null) _options.Metadata.Commit(batch);
    }
}
