namespace Bazil.Storage.Cas;

/// <summary>The result of an inspection.</summary>
/// <param name="SizeBytes">Of the object here; 0 when there is none, or no good one.</param>
/// <param name="Reason">What is wrong, or was; null for nothing.</param>
public readonly record struct ChunkInspection(ChunkState State, int SizeBytes, string? Reason);
