using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Volumes;

/// <summary>The key epochs of volumes as their rows say, whether they are open or not. Everything is borrowed. Safe for concurrent use.</summary>
internal sealed class VolumeEpochs(IMetadataStore metadata, SharingKeyRing keys)
{
    public SharingKeyRing Keys => keys;

    /// <summary>The epoch that counts before the members' list is here.</summary>
    /// <exception cref="Errors.CommandFailedException">The volume's sharing key is missing.</exception>
    public KeyEpoch FirstOf(VolumeConfig volume) => new(volume.KeyGeneration, keys.Get(volume.SharingKeyName).Fingerprint);

    /// <summary>The epochs of a volume; at least one.</summary>
    /// <inheritdoc cref="FirstOf" path="/exception"/>
    public KeyEpochList Of(VolumeConfig volume) =>
        KeyEpochList.Read(metadata, volume.LocalNumber) is { IsEmpty: false } list ? list : KeyEpochList.Of(FirstOf(volume));

    /// <summary>True when the key is one that the volume had before a rotation, whether its epoch has retired or not.</summary>
    /// <inheritdoc cref="FirstOf" path="/exception"/>
    public bool IsOlder(VolumeConfig volume, KeyFingerprint key)
    {
        KeyEpochList epochs = Of(volume);
        return key != epochs.Newest.Key && (epochs.Contains(key) || key == FirstOf(volume).Key || KeyEpochList.ReadEverKnown(metadata, volume.LocalNumber).Contains(key));
    }

    /// <summary>What proves a key to peers; null when the key is not here.</summary>
    public ISharingKeyProver? FindProver(KeyFingerprint key) =>
        keys.NameOf(key) is { } name ? new SharingKeyProver(name, keys.Get(name)) : null;

    /// <summary>What this node proves when it calls another member.</summary>
    /// <exception cref="KeyMissingException">The newest key is not here.</exception>
    public ISharingKeyProver CallerOf(VolumeConfig volume)
    {
        KeyFingerprint key = Of(volume).Newest.Key;
        return new EpochProver(this, volume, FindProver(key) ?? throw new KeyMissingException(volume.Name, key));
    }
}
