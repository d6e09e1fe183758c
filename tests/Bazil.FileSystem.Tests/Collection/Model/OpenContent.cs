namespace Bazil.FileSystem.Tests.Collection.Model;

/// <summary>An open file: what it will be when it is closed, and in place of what.</summary>
internal sealed class OpenContent
{
    public int File { get; init; }

    public Stamp? Seen { get; init; }

    public ulong Content { get; set; }

    /// <summary>What the node knew when it was opened.</summary>
    public ulong[] Known { get; init; } = [];
}
