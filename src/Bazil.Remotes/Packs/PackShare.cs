namespace Bazil.Remotes.Packs;

/// <summary>Some of the objects in a pack.</summary>
internal readonly record struct PackShare(int Objects, long Bytes)
{
    public PackShare Add(int bytes) => new(Objects + 1, Bytes + bytes);
}
