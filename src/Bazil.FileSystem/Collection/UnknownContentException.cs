namespace Bazil.FileSystem.Collection;

/// <summary>A collection of garbage cannot know what some content consists of, so it deletes nothing.</summary>
public sealed class UnknownContentException(string volume, string path, Exception inner)
    : IOException($"nothing was deleted: it cannot be found out what {path} in volume {volume} consists of: {inner.Message}", inner)
{
    public string Volume { get; } = volume;

    public string Path { get; } = path;
}
