using System.Collections.Concurrent;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.Peers;

namespace Bazil.Server.Config;

/// <summary>The sharing keys in use, each opened once and wiped when it is removed or the daemon ends. Safe for concurrent use.</summary>
internal sealed class SharingKeyRing(ConfigStore config) : ISharingKeys, IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<SharingKey>> _keys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<KeyFingerprint, string> _names = new();
    private int _revision;

    /// <summary>The revision at which the names of all keys were last looked through; what was not found then is not here.</summary>
    private int _lookedAt = -1;

    public int Revision => Volatile.Read(ref _revision);

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

    public SharingKey? Find(KeyFingerprint fingerprint) => NameOf(fingerprint) is { } name ? Get(name) : null;

    /// <summary>The local name of a key; of several names for one key the first. Null when the key is not here.</summary>
    public string? NameOf(KeyFingerprint fingerprint)
    {
        int revision = Revision;
        if (_names.TryGetValue(fingerprint, out string? found)) return found;
        if (Volatile.Read(ref _lookedAt) == revision) return null;
        foreach (string name in config.ListSharingKeys()) _names.TryAdd(Get(name).Fingerprint, name);
        Volatile.Write(ref _lookedAt, revision);
        return _names.GetValueOrDefault(fingerprint);
    }

    /// <summary>Tells that a key was added to the configuration: whoever waits for it finds it at the next look.</summary>
    public void Added() => Interlocked.Increment(ref _revision);

    /// <summary>Wipes a key that was removed from the configuration.</summary>
    public void Removed(string name)
    {
        foreach (KeyValuePair<KeyFingerprint, string> entry in _names.Where(entry => entry.Value == name)) _names.TryRemove(entry);
        _keys.TryRemove(name, out Lazy<SharingKey>? key);
        Interlocked.Increment(ref _revision);
        if (key is { IsValueCreated: true }) key.Value.Dispose();
    }

    /// <summary>Proves knowledge of the key to peers.</summary>
    /// <inheritdoc cref="Get" path="/exception"/>
    public ISharingKeyProver ProverOf(string name) => new SharingKeyProver(name, Get(name));

    public void Dispose()
    {
        foreach (Lazy<SharingKey> key in _keys.Values.Where(static k => k.IsValueCreated)) key.Value.Dispose();
    }
}
