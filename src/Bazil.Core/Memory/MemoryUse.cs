namespace Bazil.Core.Memory;

/// <summary>What one cache or buffer holds at this moment. Counted by its owner, roughly: what the runtime adds is in the process's total only.</summary>
/// <param name="Name">What a person calls it.</param>
/// <param name="UsedBytes">Bytes in use.</param>
/// <param name="LimitBytes">What it never exceeds; null when something else bounds it.</param>
/// <param name="Count">Entries; null when it has none.</param>
/// <param name="Bound">What bounds it, where that is no number of bytes.</param>
public readonly record struct MemoryUse(string Name, long UsedBytes, long? LimitBytes, long? Count = null, string? Bound = null);
