namespace Bazil.Storage.Arena.Index;

/// <summary>
/// An index file cannot be trusted. The objects are safe: the file is removed and built again from the segments it covers.
/// </summary>
internal sealed class DamagedIndexException(string path, string reason, Exception? inner = null)
    : IOException($"index file {path} is damaged: {reason}", inner)
{
    public string Path { get; } = path;
}
