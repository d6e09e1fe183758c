using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>What is noted of an open file's changes, and the row that it makes.</summary>
public sealed class ContentPatchTests
{
    /// <summary>By hand: format, 5000, 6000, seconds and nanoseconds, two ranges.</summary>
    private const string Golden = "018827f02e00000000000003e800000007020103616263882702ff00";
    private static readonly InodeId _inode = new(1030);

    private static readonly ContentPatch _patch = new(
        5000, 6000, new UnixTime(1000, 7), [KeyValuePair.Create(1UL, Bytes("abc")), KeyValuePair.Create(5000UL, (ReadOnlyMemory<byte>)new byte[] { 0xFF, 0 })]);

    [Fact]
    public void Row_is_frozen()
    {
        Assert.Equal(Golden, Convert.ToHexStringLower(_patch.Encode()));
        ContentPatch decoded = ContentPatch.Decode(Convert.FromHexString(Golden), _inode);
        Assert.Equal((_patch.SizeBytesMin, _patch.SizeBytes, _patch.ModifyTime), (decoded.SizeBytesMin, decoded.SizeBytes, decoded.ModifyTime));
        Assert.Equal(_patch.Ranges.Select(range => (range.Key, Convert.ToHexString(range.Value.Span))), decoded.Ranges.Select(range => (range.Key, Convert.ToHexString(range.Value.Span))));
    }

    [Fact]
    public void Row_that_is_cut_anywhere_is_refused()
    {
        byte[] row = _patch.Encode();
        for (int length = 0; length < row.Length; length++) Assert.Throws<WireFormatException>(() => ContentPatch.Decode(row.AsSpan(0, length), _inode));
        Assert.Throws<WireFormatException>(() => ContentPatch.Decode([.. row, 0], _inode));
    }

    [Fact]
    public void Row_with_flipped_bits_is_refused_or_keeps_its_rules()
    {
        byte[] row = _patch.Encode();
        for (int bit = 0; bit < row.Length * 8; bit++)
        {
            byte[] flipped = [.. row];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                AssertRules(ContentPatch.Decode(flipped, _inode));
            }
            catch (WireFormatException)
            {
                // As it should be.
            }
        }
    }

    [Theory]
    [InlineData(6000UL, 5000UL, 0UL, 1)] // smallest size above the size
    [InlineData(10UL, 10UL, 8UL, 3)] // behind the end
    [InlineData(10UL, 10UL, ulong.MaxValue, 3)]
    [InlineData(10UL, 10UL, 0UL, 0)] // an empty range
    public void Ranges_out_of_place_are_refused(ulong sizeMin, ulong size, ulong offset, int length)
    {
        var patch = new ContentPatch(sizeMin, size, default, [KeyValuePair.Create(offset, (ReadOnlyMemory<byte>)new byte[length])]);
        Assert.Throws<WireFormatException>(() => ContentPatch.Decode(patch.Encode(), _inode));
    }

    [Fact]
    public void More_bytes_or_ranges_than_there_may_be_are_refused()
    {
        var large = new ContentPatch(0, 1 << 20, default, [KeyValuePair.Create(0UL, (ReadOnlyMemory<byte>)new byte[Limits.PatchBytesMax + 1])]);
        Assert.Throws<WireFormatException>(() => ContentPatch.Decode(large.Encode(), _inode));
        var many = new ContentPatch(0, 1 << 20, default, [.. Enumerable.Range(0, Limits.PatchRangesMax + 1).Select(i => KeyValuePair.Create((ulong)i * 2, Bytes("x")))]);
        Assert.Throws<WireFormatException>(() => ContentPatch.Decode(many.Encode(), _inode));
    }

    /// <summary>Whatever happens to an array of bytes, the ranges and sizes noted make the new one from the old one.</summary>
    [Fact]
    public void Changes_noted_make_the_new_content_from_the_old()
    {
        int first = Seed.Take(1).Value;
        for (int seed = first; seed < first + 300; seed++)
        {
            var random = new Random(seed);
            byte[] old = new byte[random.Next(200)], now = old;
            random.NextBytes(old);
            now = [.. old];
            var changed = new ChangedRanges((ulong)old.Length);
            Assert.True(changed.IsEmpty);
            for (int step = random.Next(1, 12); step > 0; step--)
            {
                int offset = random.Next(220), length = random.Next(1, 40);
                if (random.Next(4) == 0)
                {
                    Array.Resize(ref now, offset);
                    changed.SetSize((ulong)offset);
                }
                else
                {
                    if (offset + length > now.Length) Array.Resize(ref now, offset + length);
                    random.NextBytes(now.AsSpan(offset, length));
                    changed.Add((ulong)offset, (ulong)length);
                }
            }

            Assert.False(changed.IsEmpty);
            byte[] made = old[..(int)Math.Min(changed.SizeBytesMin, (ulong)old.Length)];
            Array.Resize(ref made, now.Length);
            foreach ((ulong from, ulong to) in changed.Ranges) now.AsSpan((int)from, (int)(to - from)).CopyTo(made.AsSpan((int)from));
            Assert.True(now.AsSpan().SequenceEqual(made), $"{new Seed(seed)}");
            Assert.Equal(changed.Ranges.Sum(range => (long)(range.To - range.From)), changed.Bytes);
            Assert.True(changed.Ranges.Zip(changed.Ranges.Skip(1)).All(pair => pair.First.To < pair.Second.From), $"{new Seed(seed)}");
        }
    }

    [Fact]
    public void Too_much_is_known_to_be_too_much_until_the_rows_have_it()
    {
        var changed = new ChangedRanges(0);
        for (ulong i = 0; i <= Limits.PatchRangesMax; i++) changed.Add(i * 10, 1);
        Assert.True(changed.IsTooMuch);
        changed.Clear(1000);
        Assert.False(changed.IsTooMuch);
        changed.Add(0, Limits.PatchBytesMax + 1);
        Assert.True(changed.IsTooMuch);
        Assert.Equal(0, changed.Bytes);
    }

    private static void AssertRules(ContentPatch patch)
    {
        Assert.True(patch.SizeBytesMin <= patch.SizeBytes);
        ulong end = 0;
        foreach ((ulong offset, ReadOnlyMemory<byte> bytes) in patch.Ranges)
        {
            Assert.True(offset >= end && bytes.Length > 0);
            end = offset + (ulong)bytes.Length;
        }

        Assert.True(end <= patch.SizeBytes);
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);
}
