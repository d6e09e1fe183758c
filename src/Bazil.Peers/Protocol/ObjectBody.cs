using System.Buffers;

namespace Bazil.Peers.Protocol;

/// <summary>
/// The bytes of one object as they arrive in data frames. What has arrived stays when the stream breaks, and the next stream goes on behind it.
/// Not for concurrent use; dispose gives the memory back.
/// </summary>
internal sealed class ObjectBody : IDisposable
{
    /// <summary>What a claimed length may make us allocate before a byte has arrived; more grows with what is really sent.</summary>
    private const int TrustedBytes = 1 << 20;

    private byte[]? _array;

    /// <summary>Bytes that are there.</summary>
    public int Filled { get; private set; }

    /// <summary>Of the whole object; 0 before <see cref="Begin"/>.</summary>
    public int Length { get; private set; }

    /// <summary>Forgets what has come.</summary>
    public void Reset() => (Filled, Length) = (0, 0);

    /// <summary>A stream brings the object from an offset on: where it stopped, or from the start.</summary>
    /// <exception cref="MalformedFrameException">Too long, or from elsewhere.</exception>
    public void Begin(ulong length, ulong offset)
    {
        if (length > Limits.ObjectBytes)
            throw new MalformedFrameException($"an object of {length} bytes, allowed are {Limits.ObjectBytes}", tooLarge: true);
        if (offset == 0) Filled = 0;
        else if (offset != (ulong)Filled || length != (ulong)Length) throw new MalformedFrameException($"an object goes on at byte {offset}, not {Filled}");
        Length = (int)length;
        _array ??= ArrayPool<byte>.Shared.Rent(Math.Min(Length, TrustedBytes));
    }

    /// <summary>Reads the data frames up to the end of the object, which the caller disposes.</summary>
    /// <param name="frames">Where they come from.</param>
    /// <param name="isPaced">Wait after each as the limits of the peer demand; else that is left to the caller.</param>
    /// <exception cref="MalformedFrameException">Cut, or the frames do not add up to the length.</exception>
    public async ValueTask<PooledBytes> ReadAsync(FrameReader frames, bool isPaced)
    {
        while (Filled < Length)
        {
            var header = await frames.NextAsync() ?? throw new MalformedFrameException("the stream ends inside an object");
            if (header.Kind != FrameKind.Data) throw new MalformedFrameException($"{header.Kind} frame inside an object");
            if (header.Length > Length - Filled) throw new MalformedFrameException("more bytes than the object's head says");
            if (_array!.Length < Filled + header.Length) Grow(Filled + header.Length);
            int end = Filled + header.Length;
            while (Filled < end) Filled += await frames.ReadSomeAsync(_array.AsMemory(Filled, end - Filled));
            if (isPaced) await frames.PaceAsync();
        }

        var result = new PooledBytes(_array!, Filled);
        (_array, Filled, Length) = (null, 0, 0);
        return result;
    }

    public void Dispose()
    {
        if (_array is not null) ArrayPool<byte>.Shared.Return(_array);
        _array = null;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(Math.Max(needed, 2 * _array!.Length), Math.Max(needed, Length)));
        _array.AsSpan(0, Filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}
