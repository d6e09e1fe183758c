using Bazil.Core;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>Equal knowledge of many members is decoded once, and nothing else is taken for it.</summary>
public sealed class KnowledgeMemoTests
{
    private readonly KnowledgeMemo _memo = new();

    [Fact]
    public void Equal_rows_are_one_value()
    {
        byte[] row = KnowledgeCodec.Encode(Of(1, 2, 3));
        Knowledge first = _memo.Decode(row);

        Assert.Equal(Of(1, 2, 3), first);
        Assert.Same(first, _memo.Decode([.. row]));
        for (ulong tick = 1; tick <= 20; tick++) Assert.Equal(Of(1, 2, 3, tick), _memo.Decode(KnowledgeCodec.Encode(Of(1, 2, 3, tick))));
        Assert.Equal(first, _memo.Decode(row));
    }

    [Fact]
    public void What_begins_alike_is_told_apart()
    {
        Knowledge[] all = [Knowledge.Empty, Of(1), Of(1, 2), Of(1, 2, 3), Of(1, 300), Of(2), Knowledge.Empty, Of(1, 2)];
        var writer = new WireWriter();
        foreach (Knowledge knowledge in all) KnowledgeCodec.Write(writer, knowledge);

        var reader = new WireReader(writer.Span, "several");
        foreach (Knowledge knowledge in all) Assert.Equal(knowledge, _memo.Read(ref reader));
        Assert.True(reader.IsAtEnd);
    }

    [Fact]
    public void What_is_malformed_is_refused_each_time()
    {
        byte[] row = KnowledgeCodec.Encode(Of(1, 2));
        Assert.Equal(Of(1, 2), _memo.Decode(row));
        for (int round = 0; round < 2; round++)
        {
            Assert.Throws<WireFormatException>(() => _memo.Decode([.. row, 0]));
            for (int length = 0; length < row.Length; length++) Assert.Throws<WireFormatException>(() => _memo.Decode(row.AsSpan(0, length)));
        }
    }

    private static Knowledge Of(params ulong[] ticks) =>
        Knowledge.Of(ticks.Select(static (tick, index) => KeyValuePair.Create(new ReplicaId((UInt128)(index + 1)), tick)));
}
