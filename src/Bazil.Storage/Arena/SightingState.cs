namespace Bazil.Storage.Arena;

/// <summary>What a lookup found.</summary>
internal enum SightingState
{
    None,
    Live,
    Damaged,
}
