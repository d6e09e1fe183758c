namespace Bazil.Storage.Cas;

/// <summary>What an inspection found of a chunk.</summary>
public enum ChunkState
{
    /// <summary>Here, and as it should be.</summary>
    Intact,

    /// <summary>Not here, but another store says that it has it: content that was not needed here yet.</summary>
    Elsewhere,

    /// <summary>The copy here was damaged, and was replaced by a good one of another store.</summary>
    Healed,

    /// <summary>The copy here is damaged, and no store that could be asked has a good one.</summary>
    Damaged,

    /// <summary>No store has it.</summary>
    Missing,

    /// <summary>Not here, and a store that may have it could not be asked.</summary>
    Unknown,
}
