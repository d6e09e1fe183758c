using Bazil.Core;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>The bytes of a note.</summary>
public sealed class ChangeNoteTests
{
    private const string Golden = "0100000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0123456789abcdef";

    private static ChangeNote Sample => new([.. Enumerable.Range(0, PullRequest.DigestBytes).Select(static i => (byte)i)], 0x0123456789abcdef, IsPaused: false);

    [Fact]
    public void Format_is_as_documented()
    {
        Assert.Equal(Golden, Convert.ToHexStringLower(Sample.Encode()));
        Assert.Equal("0101" + new string('0', 80), Convert.ToHexStringLower(ChangeNote.Paused.Encode()));
        Assert.Equal(ChangeNote.Bytes, Sample.Encode().Length);
        Assert.Equal(Sample, ChangeNote.Decode(Convert.FromHexString(Golden)));
        Assert.Equal(ChangeNote.Paused, ChangeNote.Decode(ChangeNote.Paused.Encode()));
        Assert.NotEqual(Sample, Sample with { Revision = 1 });
    }

    [Theory]
    [InlineData(3, false, 4096UL, "02", "000000030000000000001000")]
    [InlineData(10_000, true, NoteCounts.NotCounted, "06", "00002710ffffffffffffffff")]
    public void Counts_are_as_documented_and_make_no_other_note(uint changes, bool isMore, ulong bytes, string flags, string end)
    {
        ChangeNote note = Sample with { Counts = new NoteCounts(changes, isMore, bytes) };
        string golden = "01" + flags + Golden[4..] + end;
        Assert.Equal(golden, Convert.ToHexStringLower(note.Encode()));
        ChangeNote read = ChangeNote.Decode(Convert.FromHexString(golden));
        Assert.Equal(note.Counts, read.Counts);
        Assert.Equal(Sample, read);
        for (int length = 0; length < golden.Length / 2; length++) Assert.Throws<WireFormatException>(() => ChangeNote.Decode(Convert.FromHexString(golden).AsSpan(0, length)));
        Assert.Equal(ChangeNote.Paused.Encode(), (ChangeNote.Paused with { Counts = note.Counts }).Encode());
    }

    [Fact]
    public void Anything_else_is_refused()
    {
        byte[] good = Sample.Encode();
        for (int length = 0; length < good.Length; length++) Assert.Throws<WireFormatException>(() => ChangeNote.Decode(good.AsSpan(0, length)));
        Assert.Throws<WireFormatException>(() => ChangeNote.Decode([.. good, .. new byte[ChangeNote.BytesMax + 1 - good.Length]]));
        Assert.Throws<WireFormatException>(() => ChangeNote.Decode([2, .. good[1..]]));
        foreach (byte flags in (byte[])[2, 3, 4, 5, 6, 7, 10, 0xFC]) Assert.Throws<WireFormatException>(() => ChangeNote.Decode([1, flags, .. good[2..]]));
    }

    [Theory]
    [InlineData("00", "00", "")]
    [InlineData("00", "f8", "0102030405")]
    [InlineData("01", "09", "ff")]
    [InlineData("06", "86", "0000000700000000000010000102")]
    public void What_a_later_version_adds_is_ignored(string flags, string laterFlags, string end)
    {
        ChangeNote note = (flags == "01" ? ChangeNote.Paused : Sample) with { Counts = flags == "06" ? new NoteCounts(7, true, 4096) : null };
        byte[] later = Convert.FromHexString("01" + laterFlags + Convert.ToHexString(note.Encode())[4..(2 * ChangeNote.Bytes)] + end);
        Assert.Equal(Convert.FromHexString(flags)[0], note.Encode()[1]);
        byte[] longest = [.. later, .. new byte[ChangeNote.BytesMax - later.Length]];
        foreach (byte[] bytes in (byte[][])[later, longest])
        {
            Assert.Equal(note, ChangeNote.Decode(bytes));
            Assert.Equal(note.Counts, ChangeNote.Decode(bytes).Counts);
        }
    }

    [Fact]
    public void Each_flipped_bit_is_refused_ignored_or_another_note()
    {
        byte[] good = Sample.Encode();
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            if (bit is >= 11 and < 16) continue; // flags of later versions
            byte[] flipped = [.. good];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Assert.NotEqual(Sample, ChangeNote.Decode(flipped));
            }
            catch (WireFormatException)
            {
                // Refused.
            }
        }
    }
}
