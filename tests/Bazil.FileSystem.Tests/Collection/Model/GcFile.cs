namespace Bazil.FileSystem.Tests.Collection.Model;

/// <summary>One file: its contents by version, and the knowledge of the unfinished pulls that brought them.</summary>
internal sealed class GcFile
{
    public Dictionary<Stamp, ulong> Values { get; } = [];

    public ulong[] Reference { get; set; } = [];

    public ulong Objects => Values.Values.Aggregate(0UL, static (all, content) => all | content);
}
