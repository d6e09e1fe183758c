namespace Bazil.Storage.Collection;

/// <summary>How many objects, and how many bytes they have.</summary>
public readonly record struct ObjectTotals(long Objects, long Bytes)
{
    public ObjectTotals Add(long bytes) => new(Objects + 1, Bytes + bytes);
}
