using Bazil.Server.Config;

namespace Bazil.Server.Caching;

/// <summary>What a run of eviction rests on: which volumes there are, and the policy and the storages of each. Follows the configuration from the constructor to dispose; the rest belongs to one caller.</summary>
internal sealed class EvictionTerms : IDisposable
{
    private readonly ConfigStore _config;
    private int _isConfigChanged; // since it was last compared
    private bool _isOver;

    public EvictionTerms(ConfigStore config)
    {
        _config = config;
        config.Changed += NoteChanged;
        Volumes = config.ListVolumes();
    }

    /// <summary>As they were at the beginning.</summary>
    public IReadOnlyList<VolumeConfig> Volumes { get; }

    /// <summary>Whether all is still as it was; once it is not, never again. Cheap while nobody changes the configuration.</summary>
    public bool StillHold()
    {
        if (Interlocked.Exchange(ref _isConfigChanged, 0) != 0) _isOver |= !IsSame(_config.ListVolumes());
        return !_isOver;
    }

    public void Dispose() => _config.Changed -= NoteChanged;

    private bool IsSame(IReadOnlyList<VolumeConfig> now) => now.Count == Volumes.Count && Volumes.All(volume => now.Any(other => IsSame(volume, other)));

    /// <summary>How fast a storage is written to, say, makes no difference.</summary>
    private static bool IsSame(VolumeConfig volume, VolumeConfig other) =>
        volume.Id == other.Id && volume.IsImporting == other.IsImporting && volume.Copies.Equals(other.Copies)
        && volume.Storages.Select(static storage => (storage.Name, storage.Address)).SequenceEqual(other.Storages.Select(static storage => (storage.Name, storage.Address)));

    private void NoteChanged() => Interlocked.Exchange(ref _isConfigChanged, 1);
}
