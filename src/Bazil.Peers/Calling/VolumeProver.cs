using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Proofs;
using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;
using Google.Protobuf;

namespace Bazil.Peers.Calling;

/// <summary>The calling side of the mutual proof of a sharing key. One proof at a time on a link.</summary>
internal sealed class VolumeProver(IEntropy entropy)
{
    /// <summary>Proves to the peer the key that it asks for, as far as we have it, and checks the peer's proof.</summary>
    /// <param name="hello">Names the volume; the nonce is added here.</param>
    /// <param name="label">The volume for messages.</param>
    public async Task<ConnectedVolume> ProveAsync(
        CallContext call, PeerLink link, IdleWatch watch, VolumeHello hello, string label, ISharingKeyProver key)
    {
        var clientNonce = new byte[ProofStatement.NonceSize];
        entropy.Fill(clientNonce);
        hello.ClientNonce = ByteString.CopyFrom(clientNonce);
        var challenge = await PeerCaller.AskAsync(call, link, watch, PeerPaths.VolumeHello, hello, VolumeChallenge.Parser);
        if (challenge.Id.Length != VolumeId.Size
            || challenge.ServerNonce.Length != ProofStatement.NonceSize
            || !hello.Id.IsEmpty && hello.Id != challenge.Id
            || !KeyBytes.TryRead(challenge.KeyFingerprint, out KeyFingerprint wanted)
            || challenge.KeyGeneration > KeyEpoch.GenerationMax)
            throw new PeerProtocolException(call.Peer, "its challenge makes no sense");

        var id = VolumeId.Read(challenge.Id.Span);

        // A key that we lack is not proved by another, but the peer is told which one we have: it may be the one that is behind.
        var used = key.For(wanted) ?? key;
        var message = new VolumeProof
        {
            Id = challenge.Id,
            ServerNonce = challenge.ServerNonce,
            Proof = ByteString.CopyFrom(Prove(ProofRole.Client)),
            KeyFingerprint = KeyBytes.Of(used.Fingerprint),
        };
        var proved = await PeerCaller.AskAsync(
            call, link, watch, PeerPaths.VolumeProof, message, VolumeProved.Parser, Judge);
        if (!ConstantTime.AreEqual(Prove(ProofRole.Server), proved.Proof.Span)) throw Wrong();
        link.SetProved(id, key);
        return new ConnectedVolume(id, Math.Max(1, challenge.KeyGeneration));

        PeerException? Judge(int status) => status switch
        {
            PeerStatus.OldKey => new RotatedKeyException(call.Peer, label, wanted),
            PeerStatus.KeyMissing => new PeerBehindException(call.Peer, label, wanted),
            PeerStatus.WrongProof => Wrong(),
            _ => null,
        };

        PeerException Wrong()
        {
            if (key.IsOlder(wanted)) return new PeerBehindException(call.Peer, label, used.Fingerprint);
            bool isMember = !hello.Id.IsEmpty;
            return isMember && wanted != default && used.Fingerprint != wanted
                ? new RotatedKeyException(call.Peer, label, wanted)
                : new WrongSharingKeyException(call.Peer, label, key.KeyName);
        }

        byte[] Prove(ProofRole role)
        {
            var proof = new byte[ProofStatement.ProofSize];
            used.Prove(ProofStatement.Encode(role, id, link.Parties, clientNonce, challenge.ServerNonce.Span), proof);
            return proof;
        }
    }
}
