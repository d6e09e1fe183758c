namespace Bazil.FileSystem.Deletions;

/// <summary>What a person has set about deletions by others, for one volume on this machine.</summary>
/// <param name="BrakeShare">From deletions of more than this share of the files on, consent is asked for; 0 to 1, 1 or more for never.</param>
/// <param name="BrakeFiles">Fewer deletions than this, or as many, need no consent.</param>
/// <param name="TrashDays">How long the trash keeps things; 0 keeps nothing.</param>
public sealed record VolumePolicy(double BrakeShare, int BrakeFiles, int TrashDays)
{
    public static readonly VolumePolicy Default = new(0.5, 100, 30);
}
