using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Epochs;

/// <summary>The sharing-key epochs of a volume, as its members agree on them: fingerprints, never keys. Empty before the first rotation. Immutable.</summary>
public sealed class KeyEpochList
{
    public static readonly KeyEpochList Empty = new([]);

    private readonly KeyEpoch[] _epochs;

    private static ReadOnlySpan<byte> EverKnownName => "epochs"u8;

    private KeyEpochList(KeyEpoch[] sorted) => _epochs = sorted;

    public bool IsEmpty => _epochs.Length == 0;

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<KeyEpoch> Epochs => _epochs;

    /// <summary>The epoch in which members are to write; none when the list is empty.</summary>
    public KeyEpoch Newest => IsEmpty ? default : _epochs[^1];

    public static KeyEpochList Of(params IEnumerable<KeyEpoch> epochs)
    {
        KeyEpoch[] sorted = [.. epochs.Distinct().Order()];
        return sorted.Length == 0 ? Empty : new KeyEpochList(sorted);
    }

    /// <summary>The list as the rows of a volume have it.</summary>
    /// <param name="reader">The database, or a frozen view of it.</param>
    /// <param name="localNumber">The number under which this machine keeps the volume's rows.</param>
    /// <exception cref="WireFormatException">The row is damaged.</exception>
    public static KeyEpochList Read(IMetadataReader reader, uint localNumber) =>
        new VolumeTables(reader, localNumber).ReadRecord(Transaction.EpochsInode, static _ => Knowledge.Empty) is { } record ? Of(record.Epochs) : Empty;

    /// <summary>All epochs that the list of a volume ever had on this machine, those included that have retired.</summary>
    /// <inheritdoc cref="Read"/>
    public static KeyEpochList ReadEverKnown(IMetadataReader reader, uint localNumber)
    {
        if (new VolumeTables(reader, localNumber).ReadState(EverKnownName) is not { } row) return Empty;
        var wire = new WireReader(row, "list of known key epochs");
        var epochs = new List<KeyEpoch>();
        while (!wire.IsAtEnd) epochs.Add(ValueCodec.ReadEpoch(ref wire));
        return Of(epochs);
    }

    /// <summary>Adds the row that <see cref="ReadEverKnown"/> reads.</summary>
    internal void PutEverKnown(MetadataBatch batch, VolumeTables tables)
    {
        var writer = new WireWriter();
        foreach (KeyEpoch epoch in _epochs) ValueCodec.WriteEpoch(writer, epoch);
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(EverKnownName).Bytes, writer.Span);
    }

    public bool Contains(KeyFingerprint key) => Array.Exists(_epochs, epoch => epoch.Key == key);

    /// <summary>This list and epochs that were in it once.</summary>
    public KeyEpochList With(IEnumerable<KeyEpoch> others) => Of([.. _epochs, .. others]);

    internal static KeyEpochList Of(Facet<KeyEpoch> facet) => Of(facet.DistinctValues());
}
