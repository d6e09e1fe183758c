using Bazil.Storage.Metadata;

namespace Bazil.Server.Config;

public sealed partial class ConfigStore
{
    /// <summary>What is set about content on this machine.</summary>
    public CacheSettings ReadCache() => _store.Get(Key(Table.Cache)) is { } row ? ConfigRows.ReadCache(row) : CacheSettings.Default;

    /// <summary>Replaces the settings by what the function makes of them, and returns those.</summary>
    public CacheSettings UpdateCache(Func<CacheSettings, CacheSettings> change)
    {
        lock (_gate)
        {
            CacheSettings changed = change(ReadCache());
            Put(Key(Table.Cache), ConfigRows.WriteCache(changed));
            return changed;
        }
    }
}
