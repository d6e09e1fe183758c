using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Storage.Collection;

/// <summary>The last collection of garbage that was completed: its generation, from 1; 0 for none. The row is <c>format (1) = 1 | generation (8) | seconds since 1970 (8)</c>.</summary>
public readonly record struct CollectionState(ulong Generation, DateTimeOffset Completed)
{
    private const byte Format = 1;

    /// <exception cref="WireFormatException">The row is damaged or of a newer version.</exception>
    public static CollectionState Read(IMetadataReader reader)
    {
        if (reader.Get([(byte)Table.Collection]) is not { } row) return default;
        var wire = new WireReader(row, "row of the last collection");
        byte format = wire.ReadByte();
        if (format != Format) throw wire.Malformed($"format {format} is not known to this version");
        var state = new CollectionState(wire.ReadUInt64(), DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(wire.ReadUInt64(), int.MaxValue)));
        wire.ExpectEnd();
        return state;
    }

    public void Put(MetadataBatch batch)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteUInt64(Generation);
        writer.WriteUInt64((ulong)Completed.ToUnixTimeSeconds());
        batch.Put([(byte)Table.Collection], writer.Span);
    }
}
