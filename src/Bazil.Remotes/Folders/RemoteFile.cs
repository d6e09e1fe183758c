namespace Bazil.Remotes.Folders;

/// <summary>A file in a listing of a remote folder.</summary>
/// <param name="Name">Relative to the folder.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="Modified">When it was written, by the clock of the other side.</param>
public readonly record struct RemoteFile(string Name, long SizeBytes, DateTimeOffset Modified);
