using System.Buffers;

namespace Bazil.Storage.Buffers;

/// <summary>The buffer of no bytes. May be disposed any number of times.</summary>
internal sealed class EmptyBuffer : IMemoryOwner<byte>
{
    public static EmptyBuffer Instance { get; } = new();

    public Memory<byte> Memory => default;

    public void Dispose()
    {
        // Nothing is held.
    }
}
