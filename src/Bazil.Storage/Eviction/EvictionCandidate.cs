using Bazil.Core;

namespace Bazil.Storage.Eviction;

/// <summary>An object that could be evicted.</summary>
/// <param name="SizeBytes">As it is stored.</param>
/// <param name="Countable">Of each store that may count for it, the bit: one that does not know yet what the object is part of may collect it.</param>
public readonly record struct EvictionCandidate(ObjectId Id, int SizeBytes, ulong Countable);
