using System.Runtime.CompilerServices;

namespace Bazil.Core;

/// <summary>Storage of the 32-byte ids. Not an id itself: <see cref="ChunkKey"/>, <see cref="ObjectId"/>, <see cref="PeerId"/> are.</summary>
[InlineArray(Size)]
internal struct Bytes32
{
    public const int Size = 32;

    private byte _first;
}
