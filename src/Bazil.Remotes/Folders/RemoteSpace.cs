namespace Bazil.Remotes.Folders;

/// <summary>The space on the disk behind a remote folder, in bytes.</summary>
public readonly record struct RemoteSpace(long TotalBytes, long FreeBytes);
