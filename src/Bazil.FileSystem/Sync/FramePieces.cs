using Bazil.Core;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// Frames of any size over a link that carries small ones: each piece is a flag (1: more follow, 0: the last) and its bytes.
/// </summary>
internal sealed class FramePieces
{
    /// <summary>Half of what a link carries, so that metadata of others gets in between.</summary>
    public const int PieceBytesMax = 512 * 1024;

    /// <summary>A header of a million replica ids, or a node with every allowed link.</summary>
    private const int FrameBytesMax = 256 << 20;

    private readonly WireWriter _frame = new();
    private bool _isComplete;

    public static IEnumerable<byte[]> Split(byte[] frame)
    {
        for (int start = 0; start == 0 || start < frame.Length; start += PieceBytesMax)
        {
            int length = Math.Min(PieceBytesMax, frame.Length - start);
            bool isLast = start + length == frame.Length;
            yield return [isLast ? (byte)0 : (byte)1, .. frame.AsSpan(start, length)];
        }
    }

    /// <summary>Takes the next piece. True when it completed a frame, which stands in <paramref name="frame"/> until the next call.</summary>
    /// <exception cref="WireFormatException">Malformed, or the frame grows beyond reason.</exception>
    public bool Add(ReadOnlySpan<byte> piece, out ReadOnlyMemory<byte> frame)
    {
        if (_isComplete) _frame.Clear();
        if (piece.Length < 1 || piece[0] > 1) throw new WireFormatException("malformed piece of a frame");
        if (_frame.Length + piece.Length > FrameBytesMax) throw new WireFormatException($"a frame is longer than {FrameBytesMax} bytes");
        _frame.WriteFixed(piece[1..]);
        _isComplete = piece[0] == 0;
        frame = _isComplete ? _frame.Memory : default;
        return _isComplete;
    }
}
