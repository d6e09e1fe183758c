namespace Bazil.Fuse;

/// <summary>An opened file or directory.</summary>
/// <param name="Handle">What later requests call it.</param>
/// <param name="Flags">How the kernel is to treat it.</param>
/// <param name="Backing">See <see cref="FuseConnection.TryOpenBacking"/>; then reads and writes never come here.</param>
public readonly record struct FuseOpened(FuseHandle Handle, FuseOpenFlags Flags = FuseOpenFlags.None, FuseBackingId Backing = default);
