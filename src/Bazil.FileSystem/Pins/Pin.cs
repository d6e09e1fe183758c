namespace Bazil.FileSystem.Pins;

/// <summary>What is to be on this machine.</summary>
/// <param name="Path">From the root of the volume, of what is pinned by itself: where it is now, in UTF-8. Null for a pattern.</param>
/// <param name="Pattern">Null for what is pinned by itself.</param>
/// <param name="IsGone">What was pinned has been deleted; should it come back, it is pinned.</param>
/// <param name="Since">When it was pinned.</param>
public sealed record Pin(string? Path, PinPattern? Pattern, bool IsGone, DateTimeOffset Since);
