using System.Buffers;

namespace Bazil.Remotes.Packs;

/// <summary>An object as it was read, with the place: only what was read there is known to be there.</summary>
internal sealed class PackAnswer(IMemoryOwner<byte> buffer, PackLocation location) : IMemoryOwner<byte>
{
    public PackLocation Location { get; } = location;

    public Memory<byte> Memory => buffer.Memory;

    public void Dispose() => buffer.Dispose();
}
