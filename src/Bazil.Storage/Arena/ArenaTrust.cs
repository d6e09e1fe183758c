namespace Bazil.Storage.Arena;

/// <summary>What an id that is already there proves (<c>docs/storage.md</c>).</summary>
public enum ArenaTrust
{
    /// <summary>Everything in the store was sealed or verified by this node: a put of an id that is there is a hit and writes nothing.</summary>
    Own,

    /// <summary>Others put into the store: a put compares the bytes, and replaces them when they differ.</summary>
    Compare,
}
