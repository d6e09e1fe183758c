using System.Diagnostics.CodeAnalysis;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The names in which directories differ from the newest snapshot: a row for each, and in memory what was used last. Guarded by the volume's gate;
/// <see cref="Read"/> of a frozen view by whoever has the view.
/// </summary>
internal sealed class ChangedNames(VolumeTables tables)
{
    private readonly Dictionary<InodeId, HashSet<FileName>> _known = [];
    private int _knownCount;

    /// <summary>The rows of a directory, in ascending order.</summary>
    public List<FileName> Read(InodeId directory)
    {
        var names = new List<FileName>();
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.ChangedName).Add(directory).Bytes.ToArray();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext()) names.Add(FileName.Parse(cursor.Key[prefix.Length..]));
        return names;
    }

    /// <summary>The names of a directory if they are in memory.</summary>
    public bool TryGet(InodeId directory, [NotNullWhen(true)] out HashSet<FileName>? names) => _known.TryGetValue(directory, out names);

    /// <summary>Reads the names of a directory into memory.</summary>
    public HashSet<FileName> Load(InodeId directory)
    {
        HashSet<FileName> names = [.. Read(directory)];
        Remember(directory, names);
        return names;
    }

    /// <summary>Makes a row for a name that has none.</summary>
    public void Add(MetadataBatch batch, InodeId directory, HashSet<FileName> names, FileName name)
    {
        names.Add(name);
        _knownCount++;
        batch.Put(Key(stackalloc byte[MetadataKey.MaxSize], directory, name), []);
    }

    /// <summary>Deletes the rows of a directory but for these names, for which it makes rows.</summary>
    public void Set(MetadataBatch batch, InodeId directory, IReadOnlyCollection<FileName> names)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaxSize];
        foreach (FileName old in Read(directory)) batch.Delete(Key(key, directory, old));
        if (TryGet(directory, out HashSet<FileName>? known))
        {
            // Some may be in the batch only.
            foreach (FileName old in known) batch.Delete(Key(key, directory, old));
            _known.Remove(directory);
            _knownCount -= known.Count;
        }

        if (names.Count == 0) return;
        foreach (FileName name in names) batch.Put(Key(key, directory, name), []);
        Remember(directory, [.. names]);
    }

    /// <summary>Nothing is in memory any more.</summary>
    public void Clear()
    {
        _known.Clear();
        _knownCount = 0;
    }

    private void Remember(InodeId directory, HashSet<FileName> names)
    {
        if (_knownCount >= SnapshotLimits.ChangedNamesCached) Clear();
        _known[directory] = names;
        _knownCount += names.Count;
    }

    private ReadOnlySpan<byte> Key(Span<byte> buffer, InodeId directory, FileName name) =>
        tables.Key(buffer, Table.ChangedName).Add(directory).Add(name.Span).Bytes;
}
