using System.Buffers;
using Bazil.Core;

namespace Bazil.Storage.Metadata;

/// <summary>
/// An ordered list of changes that are applied together. Of several changes of one key the last counts. Not safe for
/// concurrent use. Changes are kept in one growing buffer and handed to the store in order by <see cref="Replay"/>.
/// </summary>
public sealed class MetadataBatch
{
    private readonly ArrayBufferWriter<byte> _bytes = new(1024);
    private readonly List<Change> _changes = [];

    private enum Kind : byte { Put, Delete, DeleteRange }

    public int Count => _changes.Count;

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(Kind.Put, key, value);

    public void Delete(ReadOnlySpan<byte> key) => Add(Kind.Delete, key, []);

    /// <summary>
    /// Deletes all keys in <c>[from, to)</c>; nothing when the range is empty or reversed. Unlike in a scan,
    /// <paramref name="to"/> must not be empty: no engine can delete "to the end".
    /// </summary>
    public void DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        Invariant.Check(!to.IsEmpty);
        if (from.SequenceCompareTo(to) < 0) Add(Kind.DeleteRange, from, to);
    }

    public void Clear()
    {
        _bytes.ResetWrittenCount();
        _changes.Clear();
    }

    /// <summary>Clears the batch and its memory: it held a secret.</summary>
    public void Wipe()
    {
        _bytes.Clear(); // zeroes; buffers that it outgrew are beyond reach
        _changes.Clear();
    }

    /// <summary>Calls the sink for each change in order.</summary>
    public void Replay(IMetadataBatchSink sink)
    {
        ReadOnlySpan<byte> bytes = _bytes.WrittenSpan;
        foreach (Change change in _changes)
        {
            ReadOnlySpan<byte> first = bytes.Slice(change.Offset, change.FirstLength);
            ReadOnlySpan<byte> second = bytes.Slice(change.Offset + change.FirstLength, change.SecondLength);
            switch (change.Kind)
            {
                case Kind.Put: sink.Put(first, second); break;
                case Kind.Delete: sink.Delete(first); break;
                default: sink.DeleteRange(first, second); break;
            }
        }
    }

    private void Add(Kind kind, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        _changes.Add(new Change(kind, _bytes.WrittenCount, first.Length, second.Length));
        _bytes.Write(first);
        _bytes.Write(second);
    }

    private readonly record struct Change(Kind Kind, int Offset, int FirstLength, int SecondLength);
}
