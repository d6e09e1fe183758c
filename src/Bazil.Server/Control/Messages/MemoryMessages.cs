namespace Bazil.Server.Control.Messages;

/// <summary>What the server has in memory.</summary>
/// <param name="ResidentBytes">Of the process, as the kernel counts: the runtime and its code included.</param>
/// <param name="PrivateBytes">What of it is neither of a file nor shared: what the machine would get back.</param>
/// <param name="HeapBytes">Objects of the runtime, garbage included.</param>
/// <param name="Parts">Caches and buffers.</param>
public sealed record MemoryReply(long ResidentBytes, long PrivateBytes, long HeapBytes, IReadOnlyList<MemoryPartInfo> Parts);

/// <summary>A cache or buffer.</summary>
/// <param name="Volume">Whose it is; null when all volumes share it.</param>
/// <param name="LimitBytes">What it never exceeds; null when <paramref name="Bound"/> says what bounds it.</param>
/// <param name="Count">Entries; null when it has none.</param>
public sealed record MemoryPartInfo(string Name, string? Volume, long UsedBytes, long? LimitBytes, long? Count, string? Bound);
