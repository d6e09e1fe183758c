using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The rows that were committed last, so that taking note of what a batch replaces seldom has to ask the database: a change
/// mostly touches rows that the change before it touched. Bounded by bytes; when it is full it starts over.
/// <para>Invariant: holds for each key what the last commit made of it. All commits of rows that are looked up here pass through it.
/// Guarded by the volume's gate.</para>
/// </summary>
internal sealed class RecentRows(IMetadataReader reader) : IMetadataBatchSink
{
    /// <summary>The rows of some thousand changes. Larger rows are seldom replaced soon.</summary>
    private const int BytesMax = 1 << 20;
    private const int RowBytesMax = 8192;
    private const int OverheadBytes = 100;

    private readonly Dictionary<byte[], byte[]?> _rows = new(new RowKeyComparer());
    private int _bytes;

    /// <summary>The value of a key as committed, or null.</summary>
    public byte[]? Get(ReadOnlySpan<byte> key) => _rows.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out byte[]? value) ? value : reader.Get(key);

    /// <summary>Notes that there is no row of this key.</summary>
    public void NoteAbsent(ReadOnlySpan<byte> key) => Set(key, null);

    /// <summary>Notes a batch that is committed now.</summary>
    public void Note(MetadataBatch batch) => batch.Replay(this);

    /// <summary>Nothing is known any more: batches were committed that were not noted.</summary>
    public void Clear()
    {
        _rows.Clear();
        _bytes = 0;
    }

    void IMetadataBatchSink.Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (value.Length > RowBytesMax) _rows.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(key);
        else Set(key, value.ToArray());
    }

    void IMetadataBatchSink.Delete(ReadOnlySpan<byte> key) => Set(key, null);

    void IMetadataBatchSink.DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => Clear();

    private void Set(ReadOnlySpan<byte> key, byte[]? value)
    {
        int bytes = key.Length + (value?.Length ?? 0) + OverheadBytes;
        if (_bytes + bytes > BytesMax) Clear();
        _bytes += bytes;
        _rows.GetAlternateLookup<ReadOnlySpan<byte>>()[key] = value;
    }

    private sealed class RowKeyComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
