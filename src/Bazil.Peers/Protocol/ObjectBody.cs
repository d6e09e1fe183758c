using System.Buffers;

namespace Bazil.Peers.Protocol;

/// <summary>Reads and writes the bytes of one object as data frames.</summary>
internal static class ObjectBody
{
    /// <summary>What a claimed length may make us allocate before a byte has arrived; more grows with what is really sent.</summary>
    private const int TrustedBytes = 1 << 20;

    /// <summary>Reads the data frames of an object of <paramref name="length"/> bytes. The caller disposes the result.</summary>
    /// <exception cref="MalformedFrameException">Too long, cut, or the frames do not add up to the length.</exception>
    public static async ValueTask<PooledBytes> ReadAsync(FrameReader frames, ulong length)
    {
        if (length > Limits.ObjectBytes)
            throw new MalformedFrameException($"an object of {length} bytes, allowed are {Limits.ObjectBytes}", tooLarge: true);
        var array = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, TrustedBytes));
        try
        {
            int filled = 0;
            while (filled < (int)length)
            {
                var header = await frames.NextAsync() ?? throw new MalformedFrameException("the stream ends inside an object");
                if (header.Kind != FrameKind.Data) throw new MalformedFrameException($"{header.Kind} frame inside an object");
                if (header.Length > (int)length - filled) throw new MalformedFrameException("more bytes than the object's head says");
                if (array.Length < filled + header.Length) array = Grow(array, filled, filled + header.Length, (int)length);
                await frames.ReadPayloadAsync(array.AsMemory(filled, header.Length));
                filled += header.Length;
            }
            var result = new PooledBytes(array, filled);
            array = null;
            return result;
        }
        finally
        {
            if (array is not null) ArrayPool<byte>.Shared.Return(array);
        }
    }

    private static byte[] Grow(byte[] array, int filled, int needed, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(Math.Max(needed, 2 * array.Length), Math.Max(needed, length)));
        array.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(array);
        return larger;
    }
}
