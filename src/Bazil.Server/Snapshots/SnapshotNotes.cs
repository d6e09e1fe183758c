using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Control.Messages;

namespace Bazil.Server.Snapshots;

/// <summary>Why scheduled snapshots of volumes fail, until one succeeds. Safe for concurrent use.</summary>
internal sealed class SnapshotNotes(ConfigStore config)
{
    private readonly ConcurrentDictionary<VolumeId, string> _failures = new();

    /// <summary>Notes a failure; true when it is not known yet.</summary>
    public bool Failed(VolumeId volume, string reason)
    {
        bool isNew = !_failures.TryGetValue(volume, out string? known) || known != reason;
        _failures[volume] = reason;
        return isNew;
    }

    public void Succeeded(VolumeId volume) => _failures.TryRemove(volume, out _);

    public IEnumerable<WarningInfo> Warnings()
    {
        foreach (VolumeConfig volume in config.ListVolumes())
        {
            if (!_failures.TryGetValue(volume.Id, out string? reason)) continue;
            yield return new WarningInfo(
                $"volume {volume.Name} gets no scheduled snapshots: {reason}",
                $"it is tried again every minute; to try now: bazil snapshot create {volume.Name} NAME");
        }
    }
}
