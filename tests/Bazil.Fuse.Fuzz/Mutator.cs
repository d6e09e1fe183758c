using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Tests.Session;

namespace Bazil.Fuse.Fuzz;

/// <summary>Damages valid requests: cut, flipped, filled with noise or edges, under other operations, with lengths that lie. For one thread.</summary>
internal sealed class Mutator(Random random)
{
    private const int LengthField = 0;
    private const int OpcodeField = 4;
    private const int ExtensionField = 36;
    private const int HeaderBytes = 40;

    /// <summary>Longer than any argument, shorter than the buffer: noise beyond the end of a request.</summary>
    private const int MostNoiseBytes = 512;

    private static readonly ulong[] Edges = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, int.MaxValue, 0x8000_0000, uint.MaxValue, long.MaxValue, 1UL << 63, ulong.MaxValue];

    private readonly byte[][] _valid = [.. RequestBytes.All().Select(request => request.Bytes), .. Unanswered()];
    private readonly byte[] _buffer = new byte[4096];

    /// <summary>A damaged request, valid until the next call.</summary>
    internal ReadOnlySpan<byte> Next()
    {
        var valid = _valid[random.Next(_valid.Length)];
        valid.CopyTo(_buffer, 0);
        var length = valid.Length;
        if (random.Next(3) == 0) length = ChangeLength(length);
        for (var damages = random.Next(4); damages > 0; damages--) Damage(length);
        // Most headers tell the true length, or nothing behind them would ever be parsed.
        if (length >= sizeof(uint)) Write(LengthField, random.Next(16) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)length);
        return _buffer.AsSpan(0, length);
    }

    private int ChangeLength(int length)
    {
        if (random.Next(2) == 0) return random.Next(length + 1);
        var noise = random.Next(1, MostNoiseBytes);
        random.NextBytes(_buffer.AsSpan(length, noise));
        return length + noise;
    }

    private void Damage(int length)
    {
        if (length == 0) return;
        var place = length > HeaderBytes && random.Next(4) != 0 ? random.Next(HeaderBytes, length) : random.Next(length);
        switch (random.Next(6))
        {
            case 0:
                _buffer[place] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                _buffer[place] = (byte)random.Next(256);
                break;
            case 2:
                random.NextBytes(_buffer.AsSpan(place, random.Next(1, length - place + 1)));
                break;
            case 3:
                BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(place & ~7), Edges[random.Next(Edges.Length)]);
                break;
            case 4:
                Write(OpcodeField, (uint)random.Next(64));
                break;
            default:
                Write(ExtensionField, (ushort)random.Next(8));
                break;
        }
    }

    private void Write<T>(int offset, T value)
        where T : unmanaged =>
        MemoryMarshal.Write(_buffer.AsSpan(offset), value);

    private static IEnumerable<byte[]> Unanswered()
    {
        var forgotten = RequestBytes.Bytes(new Abi.ForgetOne { NodeId = 2, Lookups = 1 });
        yield return RequestBytes.Make(Opcode.Forget, 0, 2, RequestBytes.Bytes(new Abi.ForgetIn { Lookups = 1 }));
        yield return RequestBytes.Make(Opcode.BatchForget, 0, 0, RequestBytes.Bytes(new Abi.BatchForgetIn { Count = 2 }), forgotten, forgotten);
        yield return RequestBytes.Make(Opcode.Interrupt, 3, 0, RequestBytes.Bytes(new Abi.InterruptIn { Unique = 2 }));
        yield return RequestBytes.Make(Opcode.NotifyReply, 3, 0, new byte[40]);
    }
}
