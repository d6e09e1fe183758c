using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Which directories are, with all below them, as the newest snapshot has them: a row for each. The first change below it makes of the row one
/// that tells in which names it has changed (<see cref="ChangedNames"/>), or deletes it when the directory is small or the names are many, in the batch
/// of that change. So the next snapshot takes over what has a row, looks at the changed names of others and lists only the rest; and a change costs next to nothing
/// when another one was made to the same name before.
/// <para>Invariants: an unchanged row of the present generation is what the shown tree is, and part of the snapshot <see cref="Base"/>;
/// a directory without one has no ancestor with one. Hence rows are made from the leaves to the root, in that order. A changed row counts while its snapshot is <see cref="Base"/>:
/// then but for the names with rows the directory is as it says.</para>
/// <para>Guarded by the volume's gate; <see cref="Find"/> and <see cref="ReadNames"/> of a frozen view by whoever has the view.</para>
/// </summary>
internal sealed class FrozenDirectories
{
    /// <summary>Directories that are known to have no row; beyond it they are looked up again.</summary>
    private const int AbsentMax = 1 << 16;

    private readonly VolumeTables _tables;
    private readonly ChangedNames _names;
    private readonly HashSet<InodeId> _absent = [];
    private readonly WireWriter _writer = new();
    private ulong _generation;

    /// <summary>What changed since the view was frozen of which a snapshot is being written; null when none is.</summary>
    private Dictionary<InodeId, HashSet<FileName>>? _changed;
    private int _changedCount;
    private bool _isDiscarded;

    public FrozenDirectories(VolumeTables tables)
    {
        _tables = tables;
        _names = new ChangedNames(tables);
        if (tables.ReadState(StateName) is not { } row) return;
        var reader = new WireReader(row, "state of frozen directories");
        _generation = reader.ReadVariable();
        Base = new SnapshotKey(reader.ReadChunkKey());
        reader.ExpectEnd();
    }

    private static ReadOnlySpan<byte> StateName => "frozen"u8;

    /// <summary>The snapshot that all rows are part of; none when there are no rows that count.</summary>
    public SnapshotKey Base { get; private set; }

    /// <summary>A batch begins, and may forget. What is known to be absent may be known from the batch alone, so it is bounded only here.</summary>
    public void BeginBatch()
    {
        if (_absent.Count >= AbsentMax) _absent.Clear();
    }

    /// <summary>A snapshot of the present tree begins.</summary>
    /// <param name="isKept">What it writes is to be kept in rows.</param>
    public void Begin(bool isKept)
    {
        BeginBatch();
        _changed = [];
        _changedCount = 0;
        _isDiscarded = !isKept;
    }

    public void End() => _changed = null;

    public FrozenDirectory? Find(InodeId directory)
    {
        if (Base.IsNone) return null;
        byte[]? row = _tables.Reader.Get(Key(stackalloc byte[MetadataKey.MaxSize], directory));
        FrozenDirectory? found = row is null ? null : FrozenDirectory.Decode(row, _generation);
        return found is { HasChanged: true } && found.ChangedSince != Base ? null : found;
    }

    /// <summary>In which names a directory whose row says so has changed, in ascending order.</summary>
    public List<FileName> ReadNames(InodeId directory) => _names.Read(directory);

    /// <summary>A directory changes in a name, or below it. Returns true when the directory that shows it must be told, too.</summary>
    public bool Forget(MetadataBatch batch, InodeId directory, FileName name)
    {
        // A row may be made of what was frozen: whatever is above must hear of it.
        bool isFirst = _changed is not null && NoteSinceView(directory, name);
        return Change(batch, directory, name) || isFirst;
    }

    /// <summary>A directory is gone, or not shown any more.</summary>
    public void Remove(MetadataBatch batch, InodeId directory)
    {
        if (_changed is not null) NoteSinceView(directory, null);
        if (_generation > 0 && _tables.Reader.Get(Key(stackalloc byte[MetadataKey.MaxSize], directory)) is not null) Drop(batch, directory);
    }

    /// <summary>Nothing counts any more: the next snapshot lists everything.</summary>
    public void ForgetAll(MetadataBatch batch)
    {
        _isDiscarded = true;
        if (!Base.IsNone) SetBase(batch, default, _generation + 1);
    }

    /// <summary>A snapshot is complete: all rows that there are, and those that <see cref="Keep"/> makes, are part of it. Returns whether any may be made.</summary>
    public bool SetBase(MetadataBatch batch, SnapshotKey key)
    {
        if (_isDiscarded) return false;
        SetBase(batch, key, Base.IsNone ? _generation + 1 : _generation);
        return true;
    }

    /// <summary>Makes rows of what the snapshot wrote.</summary>
    /// <param name="batch">Takes the rows.</param>
    /// <param name="written">Directories, each behind those below it.</param>
    public void Keep(MetadataBatch batch, ReadOnlySpan<KeyValuePair<InodeId, FrozenDirectory>> written)
    {
        if (_isDiscarded) return;
        Span<byte> key = stackalloc byte[MetadataKey.MaxSize];
        foreach ((InodeId directory, FrozenDirectory frozen) in written)
        {
            bool hasChanged = _changed!.TryGetValue(directory, out HashSet<FileName>? names);
            if (hasChanged && (names!.Count == 0 || names.Count > frozen.ChangedNamesMax))
            {
                Drop(batch, directory);
                continue;
            }

            batch.Put(Key(key, directory), (hasChanged ? frozen with { ChangedSince = Base } : frozen).Encode(_writer, _generation));
            _names.Set(batch, directory, hasChanged ? names! : []);
            _absent.Remove(directory);
        }
    }

    /// <summary>Notes what differs from the view that is being written; without names, or with too many, all of the directory. Returns whether it is the first time.</summary>
    private bool NoteSinceView(InodeId directory, FileName? name)
    {
        bool isFirst = !_changed!.TryGetValue(directory, out HashSet<FileName>? names);
        if (isFirst) _changed[directory] = names = [];
        bool isWhole = !isFirst && names!.Count == 0;
        if (name is null || _changedCount >= SnapshotLimits.ChangedNamesCached)
        {
            _changedCount -= names!.Count;
            names.Clear();
        }
        else if (!isWhole && names!.Add(name.Value)) _changedCount++;
        return isFirst;
    }

    private bool Change(MetadataBatch batch, InodeId directory, FileName name)
    {
        if (Base.IsNone || _absent.Contains(directory)) return false;
        if (_names.TryGet(directory, out HashSet<FileName>? names) && names.Contains(name)) return false;
        if (Find(directory) is not { } found)
        {
            _absent.Add(directory);
            return false;
        }

        // Names in memory belong to a row that tells of them, though it may be in the batch only.
        bool hadChanged = names is not null || found.HasChanged;
        names ??= found.HasChanged ? _names.Load(directory) : [];
        if (names.Contains(name)) return false;
        if (names.Count >= found.ChangedNamesMax)
        {
            Drop(batch, directory);
            return !hadChanged;
        }

        if (hadChanged)
        {
            _names.Add(batch, directory, names, name);
            return false;
        }

        batch.Put(Key(stackalloc byte[MetadataKey.MaxSize], directory), (found with { ChangedSince = Base }).Encode(_writer, _generation));
        _names.Set(batch, directory, [name]);
        return true;
    }

    private void Drop(MetadataBatch batch, InodeId directory)
    {
        batch.Delete(Key(stackalloc byte[MetadataKey.MaxSize], directory));
        _names.Set(batch, directory, []);
        _absent.Add(directory);
    }

    private void SetBase(MetadataBatch batch, SnapshotKey key, ulong generation)
    {
        Base = key;
        _names.Clear();
        if (_generation != generation) _absent.Clear();
        _generation = generation;
        _writer.Clear();
        _writer.WriteVariable(generation);
        _writer.WriteFixed(key.Value.Span);
        batch.Put(_tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(StateName).Bytes, _writer.Span);
    }

    private ReadOnlySpan<byte> Key(Span<byte> buffer, InodeId directory) => _tables.Key(buffer, Table.FrozenDirectory).Add(directory).Bytes;
}
