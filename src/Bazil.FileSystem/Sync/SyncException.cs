namespace Bazil.FileSystem.Sync;

/// <summary>A pull was refused, or what the peer sent cannot be merged. Nothing after the fault was adopted. The message says which and why.</summary>
public sealed class SyncException(string message, Exception? inner = null) : IOException(message, inner);
