using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// What takes one batch back, and the content that it named before that was durable.
/// <c>format (1) = 1 | count | contents | count | (key | 0, or 1 | value) …</c>
/// </summary>
internal sealed record UndoRow(IReadOnlyList<Manifest> Unsynced, IReadOnlyList<KeyValuePair<byte[], byte[]?>> OldValues)
{
    private const byte Format = 1;

    /// <summary>Reads the old values of all keys that a batch is about to change.</summary>
    public static UndoRow Of(MetadataBatch batch, IMetadataReader reader, IReadOnlyList<Manifest> unsynced)
    {
        var sink = new OldValueSink(reader);
        batch.Replay(sink);
        return new UndoRow([.. unsynced], sink.OldValues);
    }

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteVariable((ulong)Unsynced.Count);
        foreach (Manifest manifest in Unsynced) ValueCodec.WriteContent(writer, ContentValue.Blob(manifest, default));
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
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var unsynced = new Manifest[reader.ReadCount(row.Length)];
        for (int i = 0; i < unsynced.Length; i++) unsynced[i] = ValueCodec.ReadContent(ref reader).Manifest;
        var oldValues = new KeyValuePair<byte[], byte[]?>[reader.ReadCount(row.Length)];
        for (int i = 0; i < oldValues.Length; i++)
        {
            byte[] key = reader.ReadBytes(MetadataKey.MaxSize).ToArray();
            oldValues[i] = KeyValuePair.Create(key, reader.ReadByte() == 0 ? null : reader.ReadBytes(row.Length).ToArray());
        }

        reader.ExpectEnd();
        return new UndoRow(unsynced, oldValues);
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

    private sealed class OldValueSink(IMetadataReader reader) : IMetadataBatchSink
    {
        public List<KeyValuePair<byte[], byte[]?>> OldValues { get; } = [];

        public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(key);

        public void Delete(ReadOnlySpan<byte> key) => Add(key);

        public void DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => throw new InvariantException("a volume deletes rows one by one");

        private void Add(ReadOnlySpan<byte> key) => OldValues.Add(KeyValuePair.Create(key.ToArray(), reader.Get(key)));
    }
}
