using Bazil.Core;
using Bazil.Server.Volumes;

namespace Bazil.Server.Caching;

/// <summary>What is to be evicted: the content of some files, or so many bytes of what was not used for the longest time.</summary>
internal sealed record EvictionGoal
{
    /// <summary>The volume of <see cref="Files"/>; null for all volumes.</summary>
    public OpenVolume? Volume { get; init; }

    /// <summary>Listed while it is read; null for those that were not used for the longest time.</summary>
    public IEnumerable<InodeId>? Files { get; init; }

    /// <summary>Enough.</summary>
    public long BytesMax { get; init; } = long.MaxValue;

    /// <summary>Only finds out what would be done.</summary>
    public bool IsDryRun { get; init; }
}
