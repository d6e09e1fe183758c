using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// What takes one batch back, and the chunks that it named before they were durable.
/// <c>format (1) = 2 | count | (level (1) | content whose root is the chunk) … | count | (key | 0, or 1 | value) …</c>
/// <para>In format 1 the level is not there: contents were named as a whole.</para>
/// </summary>
internal sealed record UndoRow(IReadOnlyList<BlobSubtree> Unsynced, IReadOnlyList<KeyValuePair<byte[], byte[]?>> OldValues)
{
    private const byte WholeContentsFormat = 1;
    private const byte Format = 2;

    /// <summary>Also all that is below the chunks may not have been durable.</summary>
    public bool NamesWholeContents { get; init; }

    /// <summary>Reads the old values of all keys that a batch is about to change.</summary>
    public static UndoRow Of(MetadataBatch batch, Func<ReadOnlySpan<byte>, byte[]?> oldValueOf, IReadOnlyList<BlobSubtree> unsynced)
    {
        var sink = new OldValueSink(oldValueOf);
        batch.Replay(sink);
        return new UndoRow([.. unsynced], sink.OldValues);
    }

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteVariable((ulong)Unsynced.Count);
        foreach (BlobSubtree chunk in Unsynced)
        {
            writer.WriteByte(chunk.Level);
            var manifest = new Manifest(chunk.Key, chunk.ChunkSizeBytes, chunk.ChunkSizeBytes, chunk.Fanout, chunk.KeyEpoch);
            ValueCodec.WriteContent(writer, ContentValue.Blob(manifest, default));
        }

        writer.WriteVariable((ulong)OldValues.Count);
        foreach ((byte[] key, byte[]? value) in OldValues)
        {
            writer.WriteBytes(key);
            writer.WriteByte(value is null ? (byte)0 : (byte)1);
            if (value is not null) writer.WriteBytes(value);
        }

        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">The row is damaged or of a newer version.</exception>
    public static UndoRow Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "undo row");
        byte format = reader.ReadByte();
        if (format is not (Format or WholeContentsFormat)) throw reader.Malformed($"format {format} is not known to this version");
        var unsynced = new BlobSubtree[reader.ReadCount(row.Length)];
        for (int i = 0; i < unsynced.Length; i++)
        {
            byte? level = format == Format ? reader.ReadByte() : null;
            BlobSubtree whole = BlobSubtree.Of(ValueCodec.ReadContent(ref reader).Manifest);
            unsynced[i] = whole with { Level = level ?? whole.Level };
        }

        var oldValues = new KeyValuePair<byte[], byte[]?>[reader.ReadCount(row.Length)];
        for (int i = 0; i < oldValues.Length; i++)
        {
            byte[] key = reader.ReadBytes(MetadataKey.MaxSize).ToArray();
            oldValues[i] = KeyValuePair.Create(key, reader.ReadByte() == 0 ? null : reader.ReadBytes(row.Length).ToArray());
        }

        reader.ExpectEnd();
        return new UndoRow(unsynced, oldValues) { NamesWholeContents = format == WholeContentsFormat };
    }

    /// <summary>Adds the changes that restore the old values.</summary>
    public void TakeBack(MetadataBatch batch)
    {
        foreach ((byte[] key, byte[]? value) in OldValues)
        {
            if (value is null) batch.Delete(key);
            else batch.Put(key, value);
        }
    }

    private sealed class OldValueSink(Func<ReadOnlySpan<byte>, byte[]?> oldValueOf) : IMetadataBatchSink
    {
        public List<KeyValuePair<byte[], byte[]?>> OldValues { get; } = [];

        public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(key);

        public void Delete(ReadOnlySpan<byte> key) => Add(key);

        public void DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => throw new InvariantException("a volume deletes rows one by one");

        private void Add(ReadOnlySpan<byte> key) => OldValues.Add(KeyValuePair.Create(key.ToArray(), oldValueOf(key)));
    }
}
