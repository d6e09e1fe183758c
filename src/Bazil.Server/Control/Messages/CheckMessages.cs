namespace Bazil.Server.Control.Messages;

/// <param name="Volume">A volume, or null for all.</param>
/// <param name="ReadPercent">How much content is read and hashed, 0 to 100.</param>
/// <param name="Ticket">Made up by the caller: under it the progress can be asked for.</param>
public sealed record CheckRequest(string? Volume, double ReadPercent, string Ticket);

/// <param name="HasLoss">Content is damaged or missing, and no store within reach has it whole.</param>
public sealed record CheckReply(IReadOnlyList<VolumeCheckInfo> Volumes, bool HasLoss, double Seconds);

/// <summary>What a check found in one volume, or has found so far.</summary>
/// <param name="Chunks">Chunks looked at.</param>
/// <param name="Read">Those that were decrypted and hashed.</param>
/// <param name="Elsewhere">Those that are only in other stores.</param>
/// <param name="Healed">Those that were damaged here and replaced from another store.</param>
/// <param name="Damaged">Those that are damaged for good.</param>
/// <param name="Missing">Those that no store has.</param>
/// <param name="Unknown">Those that a store may have that could not be asked.</param>
/// <param name="Lost">What needs damaged or missing chunks; the first thousand.</param>
/// <param name="LostPaths">How many there are.</param>
/// <param name="Unreached">What could not be looked for everywhere.</param>
/// <param name="MendedDirectories">Directories whose totals (<c>docs/accounting.md</c>) were wrong; they are right now.</param>
public sealed record VolumeCheckInfo(
    string Volume,
    long Chunks,
    long Read,
    long ReadBytes,
    long Elsewhere,
    long Healed,
    long Damaged,
    long Missing,
    long Unknown,
    IReadOnlyList<AffectedPathInfo> Lost,
    long LostPaths,
    IReadOnlyList<AffectedPathInfo> Unreached,
    long MendedDirectories = 0);

public sealed record AffectedPathInfo(string Path, string Reason);

public sealed record CheckProgressRequest(string Ticket);

/// <param name="Current">The volume that is being checked, or null when no check runs under the ticket.</param>
public sealed record CheckProgressReply(VolumeCheckInfo? Current);

/// <summary>The last look at a volume's content: by a check, or by the scrub in the background.</summary>
/// <param name="FinishedAt">When, ISO 8601 in UTC; null while the first scrub is under way.</param>
/// <param name="ScrubPercent">How far the scrub under way is.</param>
public sealed record CheckSummary(string Volume, string? FinishedAt, long Chunks, long Read, long Healed, long LostPaths, int ScrubPercent);
