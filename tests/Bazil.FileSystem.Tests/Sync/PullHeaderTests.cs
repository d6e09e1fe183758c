using Bazil.Core;
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

    private static Knowledge Of(params ulong[] ticks) =>
        Knowledge.Of(ticks.Select(static (tick, index) => KeyValuePair.Create(new ReplicaId((UInt128)(index + 1)), tick)));
}
