using Bazil.Core;

namespace Bazil.Peers.Proofs;

/// <summary>Tells whether two provers hold the same key, for a side's own memory of what was proved. Never leaves the process.</summary>
internal static class KeyMark
{
    public static byte[] Of(ISharingKeyProver key, VolumeId volume, in ProofParties parties)
    {
        var nothing = new byte[ProofStatement.NonceSize];
        var mark = new byte[ProofStatement.ProofSize];
        key.Prove(ProofStatement.Encode(ProofRole.None, volume, parties, nothing, nothing), mark);
        return mark;
    }
}
