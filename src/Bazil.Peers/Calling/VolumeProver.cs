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
    /// <summary>Proves our key to the peer and checks the peer's proof. Returns the volume's id.</summary>
    /// <param name="hello">Names the volume; the nonce is added here.</param>
    /// <param name="label">The volume for messages.</param>
    public async Task<VolumeId> ProveAsync(
        CallContext call, PeerLink link, IdleWatch watch, VolumeHello hello, string label, ISharingKeyProver key)
    {
        var clientNonce = new byte[ProofStatement.NonceSize];
        entropy.Fill(clientNonce);
        hello.ClientNonce = ByteString.CopyFrom(clientNonce);
        var challenge = await PeerCaller.AskAsync(call, link, watch, PeerPaths.VolumeHello, hello, VolumeChallenge.Parser);
        if (challenge.Id.Length != VolumeId.Size
            || challenge.ServerNonce.Length != ProofStatement.NonceSize
            || !hello.Id.IsEmpty && hello.Id != challenge.Id)
            throw new PeerProtocolException(call.Peer, "its challenge makes no sense");

        var id = VolumeId.Read(challenge.Id.Span);
        var message = new VolumeProof { Id = challenge.Id, ServerNonce = challenge.ServerNonce, Proof = ByteString.CopyFrom(Prove(ProofRole.Client)) };
        var proved = await PeerCaller.AskAsync(
            call, link, watch, PeerPaths.VolumeProof, message, VolumeProved.Parser, status => status == PeerStatus.WrongProof ? Wrong() : null);
        if (!ConstantTime.AreEqual(Prove(ProofRole.Server), proved.Proof.Span)) throw Wrong();
        link.SetProved(id, key);
        return id;

        WrongSharingKeyException Wrong() => new(call.Peer, label, key.KeyName);

        byte[] Prove(ProofRole role)
        {
            var proof = new byte[ProofStatement.ProofSize];
            key.Prove(ProofStatement.Encode(role, id, link.Parties, clientNonce, challenge.ServerNonce.Span), proof);
            return proof;
        }
    }
}
