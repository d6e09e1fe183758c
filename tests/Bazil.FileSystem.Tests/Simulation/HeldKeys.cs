using System.Collections.Concurrent;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>The sharing keys of one machine.</summary>
internal sealed class HeldKeys : ISharingKeys
{
    private readonly ConcurrentDictionary<KeyFingerprint, SharingKey> _keys = new();
    private int _revision;

    public int Revision => Volatile.Read(ref _revision);

    public SharingKey? Find(KeyFingerprint fingerprint) => _keys.GetValueOrDefault(fingerprint);

    public void Add(SharingKey key)
    {
        _keys[key.Fingerprint] = key;
        Interlocked.Increment(ref _revision);
    }

    public void Remove(SharingKey key)
    {
        _keys.TryRemove(key.Fingerprint, out _);
        Interlocked.Increment(ref _revision);
    }
}
