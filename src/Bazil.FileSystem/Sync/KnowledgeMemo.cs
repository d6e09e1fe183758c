using Bazil.Core;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// Reads and writes knowledge that is mostly the same again and again: of hundreds of members at rest each knows what all know, and each has a row of it. The encoding is
/// canonical and says where it ends, so equal bytes are equal knowledge, and are worked out once. Keeps the few that were met last. Safe for concurrent use.
/// </summary>
internal sealed class KnowledgeMemo
{
    private const int EntriesMax = 4;

    private readonly Lock _gate = new(); // guards the entries; a leaf
    private readonly List<(byte[] Encoded, Knowledge Knowledge)> _recent = new(EntriesMax);

    /// <exception cref="WireFormatException">Not canonical.</exception>
    public Knowledge Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "knowledge");
        Knowledge knowledge = Read(ref reader);
        reader.ExpectEnd();
        return knowledge;
    }

    /// <exception cref="WireFormatException">Not canonical.</exception>
    public Knowledge Read(ref WireReader reader)
    {
        if (TryRead(ref reader) is { } known) return known;
        ReadOnlySpan<byte> rest = reader.Rest;
        Knowledge knowledge = KnowledgeCodec.Read(ref reader);
        if (!knowledge.IsEmpty) Add(rest[..^reader.Remaining].ToArray(), knowledge);
        return knowledge;
    }

    /// <summary>The canonical bytes; lent, and not to be changed.</summary>
    public ReadOnlySpan<byte> Encode(Knowledge knowledge)
    {
        lock (_gate)
        {
            foreach ((byte[] known, Knowledge recent) in _recent)
            {
                if (recent.Equals(knowledge)) return known;
            }
        }

        byte[] encoded = KnowledgeCodec.Encode(knowledge);
        if (!knowledge.IsEmpty) Add(encoded, knowledge);
        return encoded;
    }

    private Knowledge? TryRead(ref WireReader reader)
    {
        lock (_gate)
        {
            for (int index = 0; index < _recent.Count; index++)
            {
                (byte[] encoded, Knowledge knowledge) = _recent[index];
                if (!reader.TrySkip(encoded)) continue;
                (_recent[index], _recent[0]) = (_recent[0], _recent[index]);
                return knowledge;
            }

            return null;
        }
    }

    private void Add(byte[] encoded, Knowledge knowledge)
    {
        lock (_gate)
        {
            if (_recent.Count == EntriesMax) _recent.RemoveAt(EntriesMax - 1);
            _recent.Insert(0, (encoded, knowledge));
        }
    }
}
