using Bazil.Core.Crypto;

namespace Bazil.FileSystem.Epochs;

/// <summary>The sharing keys of this machine. Safe for concurrent use.</summary>
public interface ISharingKeys
{
    /// <summary>Another number whenever a key was added or removed.</summary>
    int Revision { get; }

    /// <summary>The key, borrowed; null when this machine does not have it.</summary>
    SharingKey? Find(KeyFingerprint fingerprint);
}
