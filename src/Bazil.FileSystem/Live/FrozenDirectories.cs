using Bazil.Core;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Which directories are, with all below them, as the newest snapshot has them: a row for each, deleted by the first change
/// below it in the batch of that change. So the next snapshot takes over what has a row and lists only the others, and a change
/// costs next to nothing when another one was made nearby before.
/// <para>Invariants: a row of the present generation is what the shown tree is, and part of the snapshot <see cref="Base"/>;
/// a directory without a row has no ancestor with one. Hence rows are made from the leaves to the root, in that order.</para>
/// <para>Guarded by the volume's gate; <see cref="Find"/> of a frozen view by whoever has the view.</para>
/// </summary>
internal sealed class FrozenDirectories
{
    /// <summary>Directories that are known to have no row; beyond it they are looked up again.</summary>
    private const int AbsentMax = 1 << 16;

    private readonly VolumeTables _tables;
    private readonly HashSet<InodeId> _absent = [];
    private readonly WireWriter _writer = new();
    private ulong _generation;

    /// <summary>What changed since the view was frozen of which a snapshot is being written; null when none is.</summary>
    private HashSet<InodeId>? _changed;
    private bool _isDiscarded;

    public FrozenDirectories(VolumeTables tables)
    {
        _tables = tables;
        if (tables.ReadState(StateName) is not { } row) return;
        var reader = new WireReader(row, "state of frozen directories");
        _generation = reader.ReadVariable();
        Base = new SnapshotKey(reader.ReadChunkKey());
        reader.ExpectEnd();
    }

    private static ReadOnlySpan<byte> StateName => "frozen"u8;

    /// <summary>The snapshot that all rows are part of; none when there are no rows that count.</summary>
    public SnapshotKey Base { get; private set; }

    /// <summary>A snapshot of the present tree begins.</summary>
    /// <param name="isKept">What it writes is to be kept in rows.</param>
    public void Begin(bool isKept)
    {
        _changed = [];
        _isDiscarded = !isKept;
    }

    public void End() => _changed = null;

    public FrozenDirectory? Find(InodeId directory)
    {
        if (Base.IsNone) return null;
        byte[]? row = _tables.Reader.Get(Key(stackalloc byte[MetadataKey.MaxSize], directory));
        return row is null ? null : FrozenDirectory.Decode(row, _generation);
    }

    /// <summary>A directory changes, in it or below it. Returns true when the directory that shows it must be told, too.</summary>
    public bool Forget(MetadataBatch batch, InodeId directory)
    {
        if (_changed is { } changed)
        {
            // A row may be made of what was frozen: whatever is above must hear of it.
            if (!changed.Add(directory)) return false;
            Delete(batch, directory);
            return true;
        }

        return !Base.IsNone && !_absent.Contains(directory) && Delete(batch, directory);
    }

    /// <summary>A directory is gone, or not shown any more.</summary>
    public void Remove(MetadataBatch batch, InodeId directory)
    {
        _changed?.Add(directory);
        Span<byte> key = stackalloc byte[MetadataKey.MaxSize];
        if (_generation > 0 && _tables.Reader.Get(Key(key, directory)) is not null) batch.Delete(Key(key, directory));
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

    /// <summary>Makes rows of what the snapshot wrote, but for what has changed since.</summary>
    /// <param name="batch">Takes the rows.</param>
    /// <param name="written">Directories, each behind those below it.</param>
    public void Keep(MetadataBatch batch, ReadOnlySpan<KeyValuePair<InodeId, FrozenDirectory>> written)
    {
        if (_isDiscarded) return;
        Span<byte> key = stackalloc byte[MetadataKey.MaxSize];
        foreach ((InodeId directory, FrozenDirectory frozen) in written)
        {
            if (_changed!.Contains(directory)) continue;
            batch.Put(Key(key, directory), frozen.Encode(_writer, _generation));
            _absent.Remove(directory);
        }
    }

    private bool Delete(MetadataBatch batch, InodeId directory)
    {
        bool isThere = Find(directory) is not null;
        if (isThere) batch.Delete(Key(stackalloc byte[MetadataKey.MaxSize], directory));
        if (_absent.Count >= AbsentMax) _absent.Clear();
        _absent.Add(directory);
        return isThere;
    }

    private void SetBase(MetadataBatch batch, SnapshotKey key, ulong generation)
    {
        Base = key;
        if (_generation != generation) _absent.Clear();
        _generation = generation;
        _writer.Clear();
        _writer.WriteVariable(generation);
        _writer.WriteFixed(key.Value.Span);
        batch.Put(_tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(StateName).Bytes, _writer.Span);
    }

    private ReadOnlySpan<byte> Key(Span<byte> buffer, InodeId directory) => _tables.Key(buffer, Table.FrozenDirectory).Add(directory).Bytes;
}
