namespace Bazil.Storage.Metadata;

/// <summary>The metadata database failed: damaged, locked, full disk, or an I/O error. The message names the directory and the reason.</summary>
public sealed class MetadataException(string message, Exception? inner = null) : IOException(message, inner);
