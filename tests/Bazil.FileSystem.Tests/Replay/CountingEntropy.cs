using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.FileSystem.Tests.Replay;

/// <summary>Numbers that count up where replica ids are made, so that the model can make the same; elsewhere random bytes.</summary>
internal sealed class CountingEntropy(Random random) : IEntropy
{
    private const int ReplicaIdBytes = 16;

    /// <summary>The number of the last replica id.</summary>
    public ulong Count { get; set; }

    public void Fill(Span<byte> buffer)
    {
        if (buffer.Length == ReplicaIdBytes) BinaryPrimitives.WriteUInt128BigEndian(buffer, ++Count);
        else random.NextBytes(buffer);
    }
}
