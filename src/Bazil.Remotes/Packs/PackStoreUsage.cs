namespace Bazil.Remotes.Packs;

/// <summary>What a pack store holds, as far as this node knows.</summary>
/// <param name="Packs">Files.</param>
/// <param name="SizeBytes">Of all packs.</param>
/// <param name="WantedBytes">Of the objects in them that are wanted.</param>
/// <param name="Objects">How many these are.</param>
public readonly record struct PackStoreUsage(long Packs, long SizeBytes, long WantedBytes, long Objects);
