using Bazil.FileSystem.Repair;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Repair;

/// <summary>What a repair of a node's database found and did.</summary>
/// <param name="Salvage">What could be read.</param>
/// <param name="Volumes">By name.</param>
/// <param name="DamagedPath">Where the damaged database is kept.</param>
public sealed record NodeRepairReport(MetadataSalvage Salvage, IReadOnlyList<KeyValuePair<string, VolumeRepairReport>> Volumes, string DamagedPath)
{
    public bool HasLoss => !Salvage.IsComplete || Volumes.Any(static volume => volume.Value.HasLoss);
}
