using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>What a program asks to be created. The name is lent by the request.</summary>
internal readonly ref struct NewNode
{
    public required InodeId Parent { get; init; }

    public required ReadOnlySpan<byte> Name { get; init; }

    public required NodeKind Kind { get; init; }

    /// <summary>Permission bits.</summary>
    public required uint Mode { get; init; }

    /// <summary>Bits to take from the mode, unless the directory has a default access list.</summary>
    public uint Umask { get; init; }

    public required uint UserId { get; init; }

    public required uint GroupId { get; init; }

    /// <summary>Null for directories.</summary>
    public required ContentValue? Content { get; init; }
}
