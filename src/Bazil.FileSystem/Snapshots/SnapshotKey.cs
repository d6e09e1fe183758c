using Bazil.Core;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// The name of a snapshot: the key of its root chunk, from which everything in it is reached. With the sharing key it is
/// all that is needed to read the snapshot. <c>default</c> means none.
/// </summary>
public readonly record struct SnapshotKey(ChunkKey Value) : IComparable<SnapshotKey>
{
    public bool IsNone => Value.IsZero;

    /// <summary>Parses 64 hex digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out SnapshotKey key)
    {
        bool valid = ChunkKey.TryParse(hex, out ChunkKey value) && !value.IsZero;
        key = valid ? new SnapshotKey(value) : default;
        return valid;
    }

    public int CompareTo(SnapshotKey other) => Value.CompareTo(other.Value);

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => Value.ToString();
}
