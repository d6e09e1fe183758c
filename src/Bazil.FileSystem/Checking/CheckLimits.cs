namespace Bazil.FileSystem.Checking;

/// <summary>The bounds of a check.</summary>
public static class CheckLimits
{
    /// <summary>Paths that a report names; more are only counted. A person acts on the first few.</summary>
    public const int PathsMax = 1000;

    /// <summary>Chunks that are not as they should be and are remembered, so that none is fetched again for each path that needs it: 10 MB.</summary>
    public const int WrongChunksMax = 65_536;
}
