using System.Buffers.Binary;

namespace Bazil.Peers.Protocol;

/// <summary>The five bytes before each payload: length (LE32), kind.</summary>
internal readonly record struct FrameHeader(FrameKind Kind, int Length)
{
    public const int Size = 5;

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, Length);
        destination[4] = (byte)Kind;
    }

    /// <exception cref="MalformedFrameException">Unknown kind, or a length that this kind cannot have.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        var kind = (FrameKind)source[4];
        (uint least, uint most) = kind switch
        {
            FrameKind.Data => (1u, (uint)Limits.FrameBytes),
            FrameKind.Object => (1u, 64u),
            FrameKind.Failed => (1u, 1u),
            FrameKind.Alive or FrameKind.Missing or FrameKind.Damaged or FrameKind.Unavailable or FrameKind.End => (0u, 0u),
            _ => throw new MalformedFrameException($"frame of unknown kind {source[4]}"),
        };
        if (length < least || length > most)
            throw new MalformedFrameException($"{kind} frame of {length} bytes, allowed are {least} to {most}", tooLarge: length > most);
        return new FrameHeader(kind, (int)length);
    }
}
