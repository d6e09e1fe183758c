using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>What statx(2) shows beyond <see cref="FuseAttributes"/>.</summary>
public readonly record struct FuseStatx
{
    public FuseAttributes Attributes { get; init; }

    /// <summary>When the file was made; null where that is not known.</summary>
    public UnixTime? BirthTime { get; init; }

    /// <summary>How long the answer is valid.</summary>
    public TimeSpan Timeout { get; init; }
}
