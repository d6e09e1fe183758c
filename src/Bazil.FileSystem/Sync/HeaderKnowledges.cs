using Bazil.Core;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// What others know, as it stands in the header of a pull: a flag, and the knowledge when the flag is 0, nothing when it is 1 for that of the header, or with 2 the difference from that
/// (<see cref="KnowledgeDifference"/>). A difference of a few bytes becomes as many entries as the header's knowledge has: one header may have them up to <see cref="EntriesMax"/> in all, and who
/// writes it writes further ones whole. Once for each header that is written or read.
/// </summary>
internal sealed class HeaderKnowledges(Knowledge basis, long entriesMax = HeaderKnowledges.EntriesMax)
{
    /// <summary>A quarter of a gigabyte, or some hundred members with a hundred thousand replica ids.</summary>
    public const int EntriesMax = 1 << 25;

    private const byte FlagWhole = 0;
    private const byte FlagSame = 1;
    private const byte FlagDifference = 2;

    private readonly KnowledgeMemo _whole = new();
    private long _rest = entriesMax;

    public void Write(WireWriter writer, Knowledge knowledge)
    {
        if (knowledge.Equals(basis))
        {
            writer.WriteByte(FlagSame);
            return;
        }

        var difference = new WireWriter();
        bool isDifference = Cost(knowledge) <= _rest && KnowledgeDifference.TryWrite(difference, basis, knowledge);
        writer.WriteByte(isDifference ? FlagDifference : FlagWhole);
        if (!isDifference)
        {
            KnowledgeCodec.Write(writer, knowledge);
            return;
        }

        _rest -= Cost(knowledge);
        writer.WriteFixed(difference.Span);
    }

    /// <exception cref="WireFormatException">Malformed, or the differences become more than a header may have.</exception>
    public Knowledge Read(ref WireReader reader) => reader.ReadByte() switch
    {
        FlagWhole => _whole.Read(ref reader),
        FlagSame => basis,
        FlagDifference => ReadDifference(ref reader),
        byte flag => throw reader.Malformed($"flag {flag} is none of 0, 1 and 2"),
    };

    private Knowledge ReadDifference(ref WireReader reader)
    {
        if (basis.Count > _rest) throw TooMany(ref reader);
        Knowledge knowledge = KnowledgeDifference.Read(ref reader, basis);
        if (Cost(knowledge) > _rest) throw TooMany(ref reader);
        _rest -= Cost(knowledge);
        return knowledge;
    }

    /// <summary>With all entries it has the ids of the basis, and ticks of its own. With fewer it has ids of its own, too, of twice the size.</summary>
    private long Cost(Knowledge knowledge) => basis.Count + (knowledge.Count == basis.Count ? 0 : 2L * knowledge.Count);

    private static WireFormatException TooMany(ref WireReader reader) => reader.Malformed("differences of knowledge become more entries than a header may have");
}
