using Bazil.Core.Crypto;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Epochs;

/// <summary>Content was sealed under a sharing key that this machine does not have. It can be read as soon as the key is added.</summary>
public sealed class KeyMissingException(string volume, KeyFingerprint key)
    : StoreException($"sharing key {key} of volume {volume} is not on this machine: on a member that has it, run \"bazil sharing export NAME FILE\"; "
        + "here, run \"bazil sharing add NAME <FILE\"")
{
    public KeyFingerprint Key { get; } = key;
}
