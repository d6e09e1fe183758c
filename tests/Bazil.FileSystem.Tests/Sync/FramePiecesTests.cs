using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>Frames in pieces, compressed or not: what comes out is what went in, or a reason.</summary>
public sealed class FramePiecesTests
{
    /// <summary>A zstd frame of 2 MiB of zeros.</summary>
    private const string TwoMebibytes = "28b52ffda0000020005400001000000100fbff39c002020010000200100002001000020010000200100002001000020010000200100002001000020010000200100002001000020010000200100003001000";

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(511, false)]
    [InlineData(512, true)]
    [InlineData(65_536, true)]
    [InlineData(1 << 20, true)]
    [InlineData((1 << 20) + 1, false)]
    public void Frames_of_any_size_come_back_and_text_gets_smaller(int size, bool isCompressed)
    {
        byte[] frame = Text(size);
        byte[][] pieces = [.. FramePieces.Split(frame, mayCompress: true)];
        Assert.Equal(frame, Join(pieces));
        Assert.Equal(isCompressed, pieces.Sum(static piece => piece.Length) < size && (pieces[0][0] & 2) != 0);
        Assert.All(FramePieces.Split(frame, mayCompress: false), static piece => Assert.InRange(piece[0], 0, 1));
    }

    [Fact]
    public void Random_bytes_are_sent_as_they_are_in_pieces()
    {
        byte[] frame = new byte[(3 * FramePieces.PieceBytesMax) / 2];
        Seed.Take(5).CreateRandom().NextBytes(frame);
        byte[][] pieces = [.. FramePieces.Split(frame, mayCompress: true)];
        Assert.Equal([1, 0], pieces.Select(static piece => (int)piece[0]));
        Assert.Equal(frame, Join(pieces));
    }

    [Fact]
    public void One_reader_takes_frames_of_both_kinds_one_after_the_other()
    {
        var reader = new FramePieces();
        foreach (int size in (int[])[5000, 10, 2 << 20, 600, 0, 70_000])
        {
            byte[] frame = Text(size);
            ReadOnlyMemory<byte> found = default;
            foreach (byte[] piece in FramePieces.Split(frame, mayCompress: true)) reader.Add(piece, out found);
            Assert.True(found.Span.SequenceEqual(frame));
        }
    }

    [Fact]
    public void Bombs_and_damage_are_refused_before_memory_is_taken()
    {
        Refuse([4]);
        Refuse([]);
        Refuse([2]);
        Refuse([2, .. Convert.FromHexString(TwoMebibytes)]);
        byte[] good = FramePieces.Split(Text(5000), mayCompress: true).Single();
        Refuse([.. good, 0]);
        Refuse(good[..^1]);
        var reader = new FramePieces();
        reader.Add((byte[])[3, .. good[1..20]], out _);
        Assert.Throws<WireFormatException>(() => reader.Add((byte[])[0, .. good[20..]], out _));

        byte[] claim = [.. good];
        Random random = Seed.Take(6).CreateRandom();
        for (int round = 0; round < 2000; round++)
        {
            byte[] damaged = [.. claim];
            damaged[random.Next(1, damaged.Length)] ^= (byte)(1 << random.Next(8));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                new FramePieces().Add(damaged, out _);
            }
            catch (WireFormatException)
            {
                // Refused with a reason.
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 << 20);
        }
    }

    [Fact]
    public void Golden_piece_is_read() =>
        Assert.Equal(Enumerable.Repeat((byte)'a', 1000), Join([Convert.FromHexString("0228b52ffd60e8024d00001061610100e32b8005")]));

    private static void Refuse(byte[] piece) => Assert.Throws<WireFormatException>(() => new FramePieces().Add(piece, out _));

    private static byte[] Text(int size) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, (size / 8) + 1).Select(static i => $"name {i % 1000:000}")))[..size];

    private static byte[] Join(IEnumerable<byte[]> pieces)
    {
        var reader = new FramePieces();
        foreach (byte[] piece in pieces)
        {
            if (reader.Add(piece, out ReadOnlyMemory<byte> frame)) return frame.ToArray();
        }

        throw new InvalidOperationException("the frame is not complete");
    }
}
