using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Server.Config;
using Bazil.Server.Pushing;
using Bazil.Server.Volumes;

namespace Bazil.Server.Caching;

/// <summary>A volume whose content may be evicted, for the time of one run.</summary>
internal sealed class EvictedVolume(VolumeConfig config, OpenVolume open, CountedStores counted)
{
    public VolumeConfig Config => config;

    public OpenVolume Open => open;

    public CountedStores Counted => counted;

    public HeldChunks Chunks { get; } = new(open.Keys, open.Stores.Local);

    public LocalContent Content => field ??= new LocalContent(Chunks);

    /// <summary>Of what is pinned when the run begins; another one means that it has to look again.</summary>
    public long PinRevision { get; } = open.Volume.PinRevision;

    /// <summary>What open files hold.</summary>
    public IReadOnlyList<HeldContent> Held { get; set; } = [];

    /// <summary>Files that stay, with the reason.</summary>
    public Dictionary<InodeId, string> Staying { get; } = [];
}
