using Bazil.Unix;

namespace Bazil.FileSystem.Repair;

/// <summary>What a repair found of one volume. Lists name the first <see cref="NamedMax"/>; the counts are exact.</summary>
public sealed record VolumeRepairReport
{
    public const int NamedMax = 1000;

    /// <summary>Files and directories whose records were there.</summary>
    public long KeptCount { get; init; }

    /// <summary>Rows that could be read and make no sense.</summary>
    public long MalformedRowCount { get; init; }

    /// <summary>Paths that were taken from a snapshot, as they were in it.</summary>
    public IReadOnlyList<string> Restored { get; init; } = [];

    public long RestoredCount { get; init; }

    /// <summary>When the newest snapshot was taken from which something was restored; null when nothing was.</summary>
    public UnixTime? RestoredFrom { get; init; }

    /// <summary>Names that stand in directories, and nothing else of them is there.</summary>
    public IReadOnlyList<string> Lost { get; init; } = [];

    public long LostCount { get; init; }

    /// <summary>Changes in the log of changes whose files are nowhere, not even their names.</summary>
    public long NamelessLostCount { get; init; }

    /// <summary>Rows may be missing without a trace.</summary>
    public bool MayLackMore { get; init; }

    /// <summary>
    /// Everything was written anew, as by a new member: other members hold the volume too, and what was lost here must not be taken by them
    /// for something deleted here. The next pull brings what they have.
    /// </summary>
    public bool WasWrittenAnew { get; init; }

    /// <summary>What else a person should know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    public bool HasLoss => LostCount > 0 || NamelessLostCount > 0 || MayLackMore;
}
