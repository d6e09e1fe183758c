namespace Bazil.Core.Tests.Versions;

/// <summary>Knowledge as the difference from what covers it.</summary>
public sealed class KnowledgeDifferenceTests
{
    private static readonly Knowledge Basis = Of(10, 20, 300, 40);

    [Fact]
    public void Format_is_as_documented()
    {
        Assert.Equal("010009", Encode(Basis, Of(9, 20, 300, 40)));
        Assert.Equal("010327", Encode(Basis, Of(10, 20, 300, 39)));
        Assert.Equal("0202000026", Encode(Basis, Of(10, 20, 0, 38)));
        Assert.Equal("020113008102", Encode(Basis, Of(10, 19, 257, 40)));
    }

    [Fact]
    public void What_is_not_covered_or_shorter_as_it_is_has_no_difference()
    {
        foreach (Knowledge knowledge in (Knowledge[])[Basis, Of(11, 20, 300, 40), Of(10, 20, 300, 40, 1), Of(0, 0, 0, 0, 1), Knowledge.Empty, Of(10)])
        {
            var writer = new WireWriter();
            Assert.False(KnowledgeDifference.TryWrite(writer, Basis, knowledge));
            Assert.Equal(0, writer.Length);
        }
    }

    [Fact]
    public void Random_knowledge_comes_back()
    {
        var random = new Random(1);
        for (int round = 0; round < 1000; round++)
        {
            Knowledge basis = Of([.. Enumerable.Range(0, random.Next(12)).Select(_ => (ulong)random.Next(4) * 100)]);
            Knowledge knowledge = Knowledge.Of(basis.Select(entry => KeyValuePair.Create(entry.Key, entry.Value - (ulong)(random.Next(3) * 50))));
            var writer = new WireWriter();
            if (!KnowledgeDifference.TryWrite(writer, basis, knowledge)) continue;
            var reader = new WireReader(writer.Span, "difference");
            Assert.Equal(knowledge, KnowledgeDifference.Read(ref reader, basis));
            Assert.True(reader.IsAtEnd);
            for (int length = 0; length < writer.Length; length++)
            {
                byte[] cut = writer.Span[..length].ToArray();
                Assert.Throws<WireFormatException>(() => Read(cut, basis));
            }
        }
    }

    [Theory]
    [InlineData("00")]         // a copy of the basis for a byte
    [InlineData("01000a")]     // not lower
    [InlineData("010401")]     // beyond the basis
    [InlineData("0203010001")] // the second one is
    [InlineData("0500000000000000000000")] // more than there are
    [InlineData("01ffffffffffffffffff0100")]
    public void Anything_else_is_refused(string hex) => Assert.Throws<WireFormatException>(() => Read(Convert.FromHexString(hex), Basis));

    private static Knowledge Read(byte[] bytes, Knowledge basis)
    {
        var reader = new WireReader(bytes, "difference");
        return KnowledgeDifference.Read(ref reader, basis);
    }

    private static string Encode(Knowledge basis, Knowledge knowledge)
    {
        var writer = new WireWriter();
        Assert.True(KnowledgeDifference.TryWrite(writer, basis, knowledge));
        Assert.Equal(knowledge, Read(writer.Span.ToArray(), basis));
        return Convert.ToHexStringLower(writer.Span);
    }

    private static Knowledge Of(params ulong[] ticks) =>
        Knowledge.Of(ticks.Select(static (tick, index) => KeyValuePair.Create(new ReplicaId((UInt128)(index + 1)), tick)));
}
