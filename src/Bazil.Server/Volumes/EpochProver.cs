using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Server.Config;

namespace Bazil.Server.Volumes;

/// <summary>
/// Proves the newest key of a volume; to a member that asks for one that is not in the list, that one, if the person has added it here:
/// it is the key of a rotation that was not heard of yet.
/// </summary>
internal sealed class EpochProver(VolumeEpochs epochs, VolumeConfig volume, ISharingKeyProver newest) : ISharingKeyProver
{
    public string KeyName => newest.KeyName;

    public KeyFingerprint Fingerprint => newest.Fingerprint;

    public ISharingKeyProver? For(KeyFingerprint wanted) => IsOlder(wanted) ? null : epochs.FindProver(wanted);

    public bool IsOlder(KeyFingerprint wanted) => epochs.IsOlder(volume, wanted);

    public void Prove(ReadOnlySpan<byte> statement, Span<byte> proof) => newest.Prove(statement, proof);
}
