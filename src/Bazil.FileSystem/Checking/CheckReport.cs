namespace Bazil.FileSystem.Checking;

/// <summary>What a check found, or has found so far.</summary>
/// <param name="ChunkCount">Chunks looked at; what several files share may count more than once.</param>
/// <param name="ReadCount">Those whose content was read and hashed.</param>
/// <param name="ReadBytes">Bytes of objects read.</param>
/// <param name="ElsewhereCount">Chunks that are only in other stores: not damage.</param>
/// <param name="HealedCount">Chunks that were damaged here and were replaced from another store.</param>
/// <param name="DamagedCount">Chunks that are damaged, with no good copy within reach.</param>
/// <param name="MissingCount">Chunks that no store has.</param>
/// <param name="UnknownCount">Chunks that are not here, where a store that may have them could not be asked.</param>
/// <param name="Lost">Paths that need damaged or missing chunks; at most <see cref="CheckLimits.PathsMax"/>.</param>
/// <param name="LostPathCount">All of these.</param>
/// <param name="Unreached">Paths whose content could not be looked for everywhere.</param>
public sealed record CheckReport(
    long ChunkCount,
    long ReadCount,
    long ReadBytes,
    long ElsewhereCount,
    long HealedCount,
    long DamagedCount,
    long MissingCount,
    long UnknownCount,
    IReadOnlyList<AffectedPath> Lost,
    long LostPathCount,
    IReadOnlyList<AffectedPath> Unreached)
{
    /// <summary>True when something is damaged or missing, healed damage not counted.</summary>
    public bool HasLoss => DamagedCount + MissingCount > 0;
}
