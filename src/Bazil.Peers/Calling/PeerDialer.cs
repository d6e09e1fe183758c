using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Identity;
using Bazil.Peers.Proofs;
using Bazil.Peers.Protocol;
using Bazil.Peers.Runs;
using Google.Protobuf;

namespace Bazil.Peers.Calling;

/// <summary>Makes connections: tries a peer's addresses in order, checks who answers, and waits for the first answer.</summary>
internal sealed class PeerDialer(PeerId peer, NodeIdentity identity, IPeerAddressBook book, PeerClientOptions options, TimeProvider time, PeerRuns runs)
{
    /// <exception cref="PeerUnreachableException">No address led to the peer.</exception>
    /// <exception cref="PeerRefusedException">The peer was found and closed the connection.</exception>
    public async Task<PeerLink> DialAsync(CancellationToken cancel)
    {
        var addresses = book.AddressesOf(peer);
        var reasons = new List<string>();
        Exception? last = null;
        PeerException? refused = null;
        foreach (string address in addresses)
        {
            using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
            try
            {
                return await DialAsync(address, linked.Token);
            }
            catch (Exception e) when (e is PeerRefusedException or CopiedKeyException)
            {
                refused = (PeerException)e;
            }
            catch (Exception e) when (!cancel.IsCancellationRequested
                && e is IOException or SocketException or AuthenticationException or OperationCanceledException or HttpRequestException)
            {
                // The next address may do better; the reason goes into the message if none does.
                last = e;
                reasons.Add(timeout.IsCancellationRequested
                    ? $"no answer within {options.ConnectTimeout.TotalSeconds:0.#} s"
                    : Failures.Reason(e));
            }
        }
        cancel.ThrowIfCancellationRequested();
        if (refused is not null) throw refused;
        throw new PeerUnreachableException(peer, addresses, string.Join("; ", reasons), last);
    }

    private async Task<PeerLink> DialAsync(string address, CancellationToken cancel)
    {
        if (!PeerAddress.TryParse(address, out var endpoint)) throw new IOException($"\"{address}\" is not HOST:PORT");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? stream = null;
        long since = time.GetTimestamp();
        try
        {
            await socket.ConnectAsync(endpoint, cancel);
            SendQueue.Bound(socket);
            LineWatch.Begin(socket, options.KeepAliveInterval);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
            var parties = await HandshakeAsync(stream, cancel);
            var link = new PeerLink(stream, address, parties, options.PingInterval);
            await GreetAsync(link, since, cancel);
            return link;
        }
        catch
        {
            // Whatever failed, the stream's farewell too.
            using (socket)
            {
                if (stream is not null) await stream.DisposeAsync();
            }

            throw;
        }
    }

    private async Task<ProofParties> HandshakeAsync(SslStream stream, CancellationToken cancel)
    {
        var own = identity.Current;
        string? objection = null;
        byte[] hash = [];
        try
        {
            await stream.AuthenticateAsClientAsync(
                PeerTls.Client(own, (_, certificate, _, _) =>
                {
                    var verdict = Vouch.Check(certificate, time.GetUtcNow(), out var found);
                    objection = Describe(verdict, found);
                    if (objection is null) hash = SHA256.HashData(certificate!.GetRawCertData());
                    return objection is null;
                }),
                cancel);
        }
        catch (AuthenticationException) when (objection is not null)
        {
            // The framework knows only that we said no; the reason is ours and follows.
        }
        if (objection is not null) throw new IOException(objection);
        return new ProofParties(Client: identity.PeerId, Server: peer, ClientCertificateHash: own.Hash, ServerCertificateHash: hash);
    }

    private string? Describe(VouchVerdict verdict, PeerId found) => verdict switch
    {
        VouchVerdict.Valid => ConstantTime.AreEqual(found.Span, peer.Span) ? null : $"another node answers there, with the key {found}",
        VouchVerdict.Expired => "its certificate has expired; check the clocks of both machines",
        VouchVerdict.NotYetValid => "its certificate is not valid yet; check the clocks of both machines",
        VouchVerdict.NewerVersion => "it speaks a newer version of the protocol; upgrade this node",
        VouchVerdict.NoCertificate or VouchVerdict.NoVouch => "something else than a Bazil node answers there",
        VouchVerdict.WrongSignature => "its certificate is not vouched for by its key",
        VouchVerdict.WindowTooLong => "its certificate claims to be valid for too long",
        _ => "its certificate makes no sense",
    };

    /// <summary>A server refuses a stranger only after the client's side of the handshake is done: the first answer tells.</summary>
    private async Task GreetAsync(PeerLink link, long since, CancellationToken cancel)
    {
        try
        {
            using var content = new ByteArrayContent(new Ping { Run = ByteString.CopyFrom(runs.Own.ToBytes()) }.ToByteArray());
            using var response = await link.PostAsync(PeerPaths.Ping, content, cancel);
            if ((int)response.StatusCode == PeerStatus.Unsupported)
                throw new PeerProtocolException(peer, "it does not speak version 1 of the peer protocol; upgrade the older of the two nodes");
            if ((int)response.StatusCode == PeerStatus.TooEarly) throw new IOException("an earlier start of this node is still connected to it; it is called again in a moment");
            runs.NoteOwn(peer, isRefused: (int)response.StatusCode == PeerStatus.Copied);
            if ((int)response.StatusCode == PeerStatus.Copied) throw new CopiedKeyException(peer, isOwn: true);
            if ((int)response.StatusCode != PeerStatus.Ok) throw Refused();
            await HearAsync(response, since, cancel);
        }
        catch (HttpRequestException e) when (!cancel.IsCancellationRequested && Failures.IsClosed(e))
        {
            link.Dispose();
            throw Refused();
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    private async Task HearAsync(HttpResponseMessage response, long since, CancellationToken cancel)
    {
        var buffer = new byte[Limits.AnswerBytes];
        await using Stream body = await response.Content.ReadAsStreamAsync(cancel);
        int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        Ping answer;
        try
        {
            answer = Ping.Parser.ParseFrom(buffer, 0, length);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new PeerProtocolException(peer, $"its answer to a ping makes no sense: {e.Message}", e);
        }

        if (answer.Run.IsEmpty) return;
        if (answer.Run.Length != RunId.Size) throw new PeerProtocolException(peer, $"its answer to a ping has a run id of {answer.Run.Length} bytes");

        // What runs of it are connected to us is seen where they call us.
        if (runs.Hear(peer, RunId.Read(answer.Run.Span), since, isOtherConnected: false) == RunVerdict.Copied) throw new CopiedKeyException(peer, isOwn: false);
    }

    private PeerRefusedException Refused() => new(
        peer, "this node", $"it probably does not know its key yet: on that machine, run \"bazil peer add {identity.PeerId}\"");
}
