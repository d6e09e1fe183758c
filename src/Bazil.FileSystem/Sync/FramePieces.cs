using Bazil.Core;
using Bazil.Storage.Compression;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// Frames of any size over a link that carries small ones: each piece is a flag and its bytes. Flag 1: more follow, 0: the last. With 2 added,
/// the pieces together are one zstd frame, that of the frame.
/// </summary>
internal sealed class FramePieces
{
    /// <summary>Half of what a link carries, so that metadata of others gets in between.</summary>
    public const int PieceBytesMax = 512 * 1024;

    /// <summary>A header of a million replica ids, or a node with every allowed link.</summary>
    private const int FrameBytesMax = 256 << 20;

    /// <summary>Larger frames are not compressed, so that a few bytes never become more than this. Frames of nodes have 64 KiB, if no single one is larger.</summary>
    private const int CompressedFrameBytesMax = 1 << 20;

    /// <summary>Smaller ones are a packet either way.</summary>
    private const int CompressedFrameBytesMin = 512;

    private const byte FlagMore = 1;
    private const byte FlagCompressed = 2;

    private readonly WireWriter _frame = new();
    private byte _flags;
    private bool _isComplete;

    /// <param name="frame">The frame.</param>
    /// <param name="mayCompress">Whether what the lengths of compressed frames tell an observer of the network is of no concern (<c>docs/crypto.md</c>).</param>
    public static IEnumerable<byte[]> Split(byte[] frame, bool mayCompress)
    {
        byte flags = 0;
        if (mayCompress && frame.Length is >= CompressedFrameBytesMin and <= CompressedFrameBytesMax && WireFrames.TryCompress(frame) is { } compressed) (frame, flags) = (compressed, FlagCompressed);
        for (int start = 0; start == 0 || start < frame.Length; start += PieceBytesMax)
        {
            int length = Math.Min(PieceBytesMax, frame.Length - start);
            bool isLast = start + length == frame.Length;
            yield return [isLast ? flags : (byte)(flags | FlagMore), .. frame.AsSpan(start, length)];
        }
    }

    /// <summary>Takes the next piece. True when it completed a frame, which stands in <paramref name="frame"/> until the next call.</summary>
    /// <exception cref="WireFormatException">Malformed, or the frame grows beyond reason.</exception>
    public bool Add(ReadOnlySpan<byte> piece, out ReadOnlyMemory<byte> frame)
    {
        if (_isComplete) _frame.Clear();
        bool isEndless = piece.Length == 1 && (piece[0] & FlagMore) != 0;
        if (piece.Length < 1 || piece[0] > (FlagMore | FlagCompressed) || isEndless) throw new WireFormatException("malformed piece of a frame");
        bool isFirst = _isComplete || _frame.Length == 0;
        byte flags = (byte)(piece[0] & FlagCompressed);
        if (!isFirst && flags != _flags) throw new WireFormatException("pieces of a frame differ in whether it is compressed");
        int most = flags == 0 ? FrameBytesMax : CompressedFrameBytesMax;
        if (_frame.Length + piece.Length > most) throw new WireFormatException($"a frame is longer than {most} bytes");
        _flags = flags;
        _frame.WriteFixed(piece[1..]);
        _isComplete = (piece[0] & FlagMore) == 0;
        frame = _isComplete ? Content() : default;
        return _isComplete;
    }

    private ReadOnlyMemory<byte> Content() => _flags == 0
        ? _frame.Memory
        : WireFrames.TryDecompress(_frame.Span, CompressedFrameBytesMax) ?? throw new WireFormatException($"a compressed frame is damaged, or longer than {CompressedFrameBytesMax} bytes");
}
