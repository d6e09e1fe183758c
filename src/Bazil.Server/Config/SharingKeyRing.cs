using System.Collections.Concurrent;
using Bazil.Core.Crypto;
using Bazil.Peers;

namespace Bazil.Server.Config;

/// <summary>The sharing keys in use, each opened once and wiped when the daemon ends. Safe for concurrent use.</summary>
internal sealed class SharingKeyRing(ConfigStore config) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<SharingKey>> _keys = new(StringComparer.Ordinal);

    /// <summary>The key, borrowed from this ring.</summary>
    /// <exception cref="Errors.CommandFailedException">There is no such key.</exception>
    public SharingKey Get(string name)
    {
        Lazy<SharingKey> key = _keys.GetOrAdd(name, n => new Lazy<SharingKey>(() => config.OpenSharingKey(n)));
        try
        {
            return key.Value;
        }
        catch
        {
            // A key that is missing now may be added later: forget the failure.
            _keys.TryRemove(new KeyValuePair<string, Lazy<SharingKey>>(name, key));
            throw;
        }
    }

    /// <summary>Proves knowledge of the key to peers.</summary>
    /// <inheritdoc cref="Get" path="/exception"/>
    public ISharingKeyProver ProverOf(string name) => new SharingKeyProver(name, Get(name));

    public void Dispose()
    {
        foreach (Lazy<SharingKey> key in _keys.Values.Where(static k => k.IsValueCreated)) key.Value.Dispose();
    }
}
