using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Arena;

/// <summary>Settings of an <see cref="ArenaStore"/>. None of them is stored: they may differ from one open to the next.</summary>
public sealed record ArenaOptions
{
    /// <summary>What an id that is already there proves.</summary>
    public ArenaTrust Trust { get; init; } = ArenaTrust.Own;

    /// <summary>A segment that would grow beyond this is closed and the next one begun. From 4 KiB to 1 GiB.</summary>
    public long SegmentSizeBytesMax { get; init; } = 256L * 1024 * 1024;

    /// <summary>Puts are refused when the disk has less than this left; null for 256 MiB or 1 % of the disk, whichever is less.</summary>
    public long? FreeFloorBytes { get; init; }

    /// <summary>That floor, of a disk of a given size.</summary>
    public static long DefaultFloorBytes(long diskBytes) => Math.Min(256L * 1024 * 1024, diskBytes / 100);

    /// <summary>A segment with less than this share of live bytes is compacted.</summary>
    public int CompactBelowLivePercent { get; init; } = 50;

    /// <summary>How fast compaction copies.</summary>
    public long CompactionBytesPerSecond { get; init; } = 32L * 1024 * 1024;

    /// <summary>Whether sealing, reclaiming and compaction run by themselves. Tests that want to choose the moment turn it off.</summary>
    public bool RunsInBackground { get; init; } = true;

    /// <summary>The clock of rate limits and of the watch on free space.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where the identity of a new store and of its segments comes from.</summary>
    public IEntropy Entropy { get; init; } = new SodiumEntropy();
}
