using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Metering;
using Bazil.Peers.Proofs;
using Bazil.Peers.Protocol;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers.Serving;

/// <summary>Volumes: challenge, proof of the sharing key, exchange. Returns the status to answer; after the answer has begun it does not matter.</summary>
internal sealed class VolumeEndpoints(IPeerService service, Endpoint endpoint, IEntropy entropy, ILogger log)
{
    public async Task<int> HelloAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Control);
        using var watch = endpoint.Watch(context);
        var hello = await Endpoint.ReadMessageAsync(context, watch, VolumeHello.Parser);
        if (hello.ClientNonce.Length != ProofStatement.NonceSize || !NamesOneVolume(hello)) return PeerStatus.Malformed;

        if (!service.IsKnown(session.Peer)) return PeerStatus.Refused;
        var volume = hello.Id.IsEmpty
            ? service.FindVolume(session.Peer, hello.Name)
            : service.FindVolume(session.Peer, VolumeId.Read(hello.Id.Span));
        if (volume is null) return PeerStatus.Refused;

        var serverNonce = new byte[ProofStatement.NonceSize];
        entropy.Fill(serverNonce);
        session.AddChallenge(volume.Id, hello.ClientNonce.ToByteArray(), serverNonce);
        var challenge = new VolumeChallenge
        {
            Id = Bytes(volume.Id),
            ServerNonce = ByteString.CopyFrom(serverNonce),
            KeyFingerprint = KeyBytes.Of(volume.Epoch.Key),
            KeyGeneration = volume.Epoch.Generation,
        };
        await Endpoint.WriteMessageAsync(context, challenge, watch);
        return PeerStatus.Ok;
    }

    public async Task<int> ProofAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Control);
        using var watch = endpoint.Watch(context);
        var message = await Endpoint.ReadMessageAsync(context, watch, VolumeProof.Parser);
        if (message.Id.Length != VolumeId.Size
            || message.ServerNonce.Length != ProofStatement.NonceSize
            || message.Proof.Length != ProofStatement.ProofSize
            || !KeyBytes.TryRead(message.KeyFingerprint, out KeyFingerprint named))
            return PeerStatus.Malformed;

        var id = VolumeId.Read(message.Id.Span);
        if (!service.IsKnown(session.Peer) || service.FindVolume(session.Peer, id) is not { } volume) return PeerStatus.Refused;
        // A proof without a challenge of this very connection is one that was made elsewhere, or used before.
        if (session.TakeChallenge(id, message.ServerNonce.Span) is not { } clientNonce) return PeerStatus.WrongProof;

        if (volume.Key is not { } key) return PeerStatus.KeyMissing;
        if (!ConstantTime.AreEqual(Prove(ProofRole.Client, key), message.Proof.Span)) return JudgeOther();
        session.SetProved(id, key);
        var proved = new VolumeProved { Proof = ByteString.CopyFrom(Prove(ProofRole.Server, key)) };
        await Endpoint.WriteMessageAsync(context, proved, watch);
        return PeerStatus.Ok;

        // Only who proves an older key learns that it was right once.
        int JudgeOther()
        {
            bool isOlder = volume.FindOlderKey(named) is { } older && ConstantTime.AreEqual(Prove(ProofRole.Client, older), message.Proof.Span);
            if (isOlder || (named != default && named != key.Fingerprint && volume.FindOlderKey(named) is null)) volume.NoteOtherKey(session.Peer, named, isOlder);
            return isOlder ? PeerStatus.OldKey : PeerStatus.WrongProof;
        }

        byte[] Prove(ProofRole role, ISharingKeyProver prover)
        {
            var proof = new byte[ProofStatement.ProofSize];
            prover.Prove(ProofStatement.Encode(role, id, session.Parties, clientNonce, message.ServerNonce.Span), proof);
            return proof;
        }
    }

    public async Task<int> ExchangeAsync(PeerSession session, HttpContext context, VolumeId id)
    {
        using var flight = session.Begin(context, FlightKind.Volume, id);
        if (!service.IsKnown(session.Peer) || service.FindVolume(session.Peer, id) is not { } volume) return PeerStatus.Refused;
        if (volume.Key is not { } key) return PeerStatus.KeyMissing;
        if (!session.IsProved(id, key)) return PeerStatus.ProofRequired;

        using var watch = endpoint.Watch(context);
        byte[] request = await Endpoint.ReadAllAsync(context, watch, Limits.ExchangeRequestBytes);
        endpoint.MeterOf(session).CountReceived(request.Length);
        var frames = endpoint.Frames(context, watch, session, TrafficKind.Metadata);
        await using var answer = volume.ExchangeAsync(session.Peer, request, watch.Token).GetAsyncEnumerator(watch.Token);
        try
        {
            while (await frames.AwaitAsync(answer.MoveNextAsync()))
            {
                Invariant.Check(answer.Current.Length is > 0 and <= Limits.FrameBytes);
                await frames.SendAsync(FrameKind.Data, answer.Current);
            }
        }
        catch (PeerProtocolException e)
        {
            PeerLog.Malformed(log, session.Peer, e.Reason);
            frames.Write(FrameKind.Failed, [(byte)FailureCode.Malformed]);
            return PeerStatus.Ok;
        }
        catch (Exception e) when (!watch.Token.IsCancellationRequested)
        {
            // The daemon's failure, not the peer's: it is logged here, and the peer learns only that there was one.
            PeerLog.Failed(log, e, session.Peer, "volume exchange");
            frames.Write(FrameKind.Failed, [(byte)FailureCode.Internal]);
            return PeerStatus.Ok;
        }
        frames.Write(FrameKind.End, []);
        return PeerStatus.Ok;
    }

    public async Task<int> WatchAsync(PeerSession session, HttpContext context, VolumeId id)
    {
        using var flight = session.Begin(context, FlightKind.Watch, id);
        if (!service.IsKnown(session.Peer) || service.FindVolume(session.Peer, id) is not { } volume) return PeerStatus.Refused;
        if (volume.Key is not { } key) return PeerStatus.KeyMissing;
        if (!session.IsProved(id, key)) return PeerStatus.ProofRequired;
        if (session.CountWatches() > Limits.WatchesPerConnection) return PeerStatus.TooMany;

        using var watch = endpoint.Watch(context);
        var request = await Endpoint.ReadMessageAsync(context, watch, VolumeWatch.Parser);
        if (request.Port > System.Net.IPEndPoint.MaxPort) return PeerStatus.Malformed;
        var from = request.Port > 0 && context.Connection.RemoteIpAddress is { } address
            ? new System.Net.IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, (int)request.Port)
            : null;

        // After the first note without signs of life: a stream on which nothing happens costs nothing, and TCP and the caller's pings find a connection that died.
        var frames = endpoint.Frames(context, watch, session, TrafficKind.Metadata);
        await using var notes = volume.WatchAsync(session.Peer, from, watch.Token).GetAsyncEnumerator(watch.Token);
        for (bool isThere = await frames.AwaitAsync(notes.MoveNextAsync()); isThere; isThere = await notes.MoveNextAsync())
        {
            Invariant.Check(notes.Current.Length is > 0 and <= Limits.NoteBytes);
            frames.Write(FrameKind.Data, notes.Current.Span);
            await frames.FlushAsync();
        }

        frames.Write(FrameKind.End, []);
        return PeerStatus.Ok;
    }

    private static bool NamesOneVolume(VolumeHello hello) => hello.Id.IsEmpty
        ? hello.Name.Length > 0 && System.Text.Encoding.UTF8.GetByteCount(hello.Name) <= Limits.VolumeNameBytes
        : hello.Name.Length == 0 && hello.Id.Length == VolumeId.Size;

    private static ByteString Bytes(VolumeId id)
    {
        var bytes = new byte[VolumeId.Size];
        id.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }
}
