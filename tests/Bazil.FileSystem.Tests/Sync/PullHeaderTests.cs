using System.Buffers.Binary;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>The first frame of an answer.</summary>
public sealed class PullHeaderTests
{
    private static readonly PeerId First = new([.. Enumerable.Repeat((byte)0xA1, PeerId.Size)]);
    private static readonly PeerId Second = new([.. Enumerable.Repeat((byte)0xB2, PeerId.Size)]);
    private static readonly Knowledge Known = Of(7, 300);

    private static PullHeader Sample => new(PullStatus.Changes, IsFull: false, Known, Of(5), [], [KeyValuePair.Create(First, Known), KeyValuePair.Create(Second, Of(7, 299))]) { ItemsExpected = 3 };

    [Fact]
    public void Format_is_as_documented()
    {
        const string id = "000000000000000000000000000000";
        string golden = "08" + "01" + "00" + "03" + "02" + id + "01" + "07" + id + "02" + "ac02" + "00" + "01" + id + "01" + "05"
            + "02" + string.Concat(Enumerable.Repeat("a1", 32)) + "01" + string.Concat(Enumerable.Repeat("b2", 32)) + "02" + "01" + "01" + "ab02" + "00";
        Assert.Equal(golden, Convert.ToHexStringLower(Sample.Encode()));
        PullHeader decoded = PullHeader.Decode(Convert.FromHexString(golden), Knowledge.Empty);
        Assert.Equal(Of(7, 299), decoded.Members[1].Value);
        Assert.Equal(golden, Convert.ToHexStringLower(decoded.Encode()));
    }

    [Fact]
    public void Anything_else_is_refused_or_something_else()
    {
        byte[] good = Sample.Encode();
        for (int length = 0; length < good.Length; length++) Assert.Throws<WireFormatException>(() => PullHeader.Decode(good.AsSpan(0, length), Knowledge.Empty));
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] flipped = [.. good];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                PullHeader.Decode(flipped, Knowledge.Empty);
            }
            catch (WireFormatException)
            {
                // Refused, and nothing worse.
            }
        }
    }

    /// <summary>Of hundreds of members each lacks a change or two: what they know takes a few bytes each, and not all of it for each.</summary>
    [Fact]
    public void What_many_members_know_takes_little()
    {
        Knowledge all = Of([.. Enumerable.Range(1, 200).Select(static number => (ulong)number * 1000)]);
        var members = new List<KeyValuePair<PeerId, Knowledge>>();
        for (int number = 0; number < 200; number++)
        {
            byte[] peer = new byte[PeerId.Size];
            peer[0] = (byte)number;
            Knowledge known = Knowledge.Of(all.Select((entry, index) => KeyValuePair.Create(entry.Key, index == number ? entry.Value - 1 : entry.Value)));
            members.Add(KeyValuePair.Create(new PeerId(peer), known));
        }

        byte[] encoded = new PullHeader(PullStatus.Changes, IsFull: false, all, Knowledge.Empty, [], members).Encode();
        Assert.InRange(encoded.Length, 1, 200 * 70);
        Assert.Equal(members, PullHeader.Decode(encoded, Knowledge.Empty).Members);
    }

    /// <summary>A difference of a few bytes becomes as many entries as the header's knowledge has.</summary>
    [Fact]
    public void Differences_of_members_and_statements_together_are_bounded()
    {
        Knowledge all = Of([.. Enumerable.Repeat(2UL, 1 << 15)]);
        const int most = HeaderKnowledges.EntriesMax >> 15;
        Assert.Equal(most - 1, PullHeader.Decode(WithDifferences(all, most - 1, 0), Knowledge.Empty).Members.Count);
        PullHeader.Decode(WithDifferences(all, most - 1, 1), Knowledge.Empty);
        WireFormatException refused = Assert.Throws<WireFormatException>(() => PullHeader.Decode(WithDifferences(all, most - 1, 2), Knowledge.Empty));
        Assert.Contains("become more entries", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_beyond_the_bound_is_written_whole()
    {
        Knowledge basis = Of(9, 9, 9, 9);
        Knowledge[] all = [Of(8, 9, 9, 9), Of(9, 8, 9, 9), Of(9, 9, 8, 9), basis, Of(9, 9, 9)];
        var writer = new WireWriter();
        var written = new HeaderKnowledges(basis, entriesMax: 11);
        foreach (Knowledge knowledge in all) written.Write(writer, knowledge);
        var reader = new WireReader(writer.Span, "test");
        var read = new HeaderKnowledges(basis, entriesMax: 11);
        foreach (Knowledge knowledge in all) Assert.Equal(knowledge, read.Read(ref reader));
        Assert.True(reader.IsAtEnd);
    }

    /// <summary>Fewer entries have ids of their own, and take three times what ticks alone do.</summary>
    [Fact]
    public void Difference_that_leaves_out_an_entry_counts_its_ids()
    {
        byte[] without = [2, 1, 3, 0];
        Assert.Equal(Of(9, 9, 9), Read(without, entriesMax: 10));
        Assert.Throws<WireFormatException>(() => Read(without, entriesMax: 9));

        static Knowledge Read(byte[] bytes, long entriesMax)
        {
            var reader = new WireReader(bytes, "test");
            return new HeaderKnowledges(Of(9, 9, 9, 9), entriesMax).Read(ref reader);
        }
    }

    [Fact]
    public void Difference_that_is_none_is_refused()
    {
        string good = Convert.ToHexStringLower(Sample.Encode());
        string without = good.Replace("02" + "01" + "01" + "ab02" + "00", "02" + "00" + "00", StringComparison.Ordinal);
        Assert.NotEqual(good, without);
        Assert.Throws<WireFormatException>(() => PullHeader.Decode(Convert.FromHexString(without), Knowledge.Empty));
    }

    [Fact]
    public void Members_out_of_order_or_twice_are_refused()
    {
        foreach (KeyValuePair<PeerId, Knowledge>[] members in (KeyValuePair<PeerId, Knowledge>[][])[[Sample.Members[1], Sample.Members[0]], [Sample.Members[0], Sample.Members[0]]])
        {
            byte[] encoded = (Sample with { Members = members }).Encode();
            WireFormatException refused = Assert.Throws<WireFormatException>(() => PullHeader.Decode(encoded, Knowledge.Empty));
            Assert.Contains("order of their ids", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Two_statements_of_one_member_are_refused()
    {
        MemberStatement one = StatementOf(Second), other = StatementOf(First);
        Assert.Equal(2, PullHeader.Decode((Sample with { Statements = [one, other] }).Encode(), Knowledge.Empty).Statements!.Count);
        byte[] encoded = (Sample with { Statements = [one, other, one with { Vouched = Of(7) }] }).Encode();
        WireFormatException refused = Assert.Throws<WireFormatException>(() => PullHeader.Decode(encoded, Knowledge.Empty));
        Assert.Contains("two statements", refused.Message, StringComparison.Ordinal);
    }

    private static MemberStatement StatementOf(PeerId member) => new(member, Known, new byte[MemberSnapshots.DigestBytes], new byte[MemberStatement.SignatureBytes]);

    /// <summary>What a hostile member sends: each lacks a change of the first replica.</summary>
    private static byte[] WithDifferences(Knowledge all, int members, int statements)
    {
        var writer = new WireWriter();
        writer.WriteFixed(new PullHeader(PullStatus.Changes, IsFull: false, all, Knowledge.Empty, [], []).Encode().AsSpan()[..^2]);
        writer.WriteVariable((ulong)members);
        for (int number = 0; number < members; number++) WriteDifference(writer, number);
        writer.WriteByte(1);
        writer.WriteVariable((ulong)statements);
        for (int number = 0; number < statements; number++)
        {
            WriteDifference(writer, number);
            writer.WriteFixed(new byte[1 + MemberSnapshots.DigestBytes + MemberStatement.SignatureBytes]);
        }

        return writer.ToArray();
    }

    private static void WriteDifference(WireWriter writer, int number)
    {
        byte[] peer = new byte[PeerId.Size];
        BinaryPrimitives.WriteInt32BigEndian(peer, number);
        writer.WriteFixed(peer);
        writer.WriteFixed([2, 1, 0, 1]);
    }

    private static Knowledge Of(params ulong[] ticks) =>
        Knowledge.Of(ticks.Select(static (tick, index) => KeyValuePair.Create(new ReplicaId((UInt128)(index + 1)), tick)));
}
