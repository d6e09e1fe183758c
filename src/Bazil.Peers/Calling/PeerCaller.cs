using Bazil.Core;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;
using Google.Protobuf;

namespace Bazil.Peers.Calling;

/// <summary>
/// Sends requests to one peer over one kind of link. A request that meets a connection which has ended since its last use goes out once more on a new
/// one: all requests of the protocol may be repeated. Concurrent.
/// </summary>
internal sealed class PeerCaller(PeerId peer, LinkSlot slot, IPeerAddressBook book, PeerClientOptions options, TimeProvider time, PeerMeter meter, TrafficKind kind)
{
    /// <summary>Of the peer.</summary>
    public PeerMeter Meter { get; } = meter;

    public CallContext Context(string what, string advice, CancellationToken cancel) => new(peer, book, options.IdleTimeout, what, advice, cancel);

    /// <summary>Runs a request on a link. The watch is the action's to dispose once it succeeded.</summary>
    public async Task<T> RunAsync<T>(CallContext call, Func<PeerLink, IdleWatch, Task<T>> action)
    {
        for (int attempt = 0; ; attempt++)
        {
            var link = await LinkAsync(call);
            bool reused = link.MarkUsed();
            var watch = new IdleWatch(options.IdleTimeout, time, call.Cancel);
            try
            {
                return await action(link, watch);
            }
            catch (CopiedKeyException)
            {
                // The next call begins with a ping on a new link: that is how the peer hears who is left.
                watch.Dispose();
                slot.Drop(link, cut: kind == TrafficKind.Metadata);
                throw;
            }
            catch (PeerException)
            {
                watch.Dispose();
                throw;
            }
            catch (Exception e)
            {
                using (watch)
                {
                    // Nothing looks after a link that was dropped: a stream of notes on it, which may be silent for days, would never hear that the network died.
                    if (!call.Cancel.IsCancellationRequested) slot.Drop(link, cut: kind == TrafficKind.Metadata);
                    bool again = attempt == 0 && reused && !watch.Token.IsCancellationRequested && Failures.IsConnection(e);
                    if (!again) throw call.Map(e, watch);
                }
            }
        }
    }

    /// <summary>Sends a message and reads the message that answers it. Every status but success is an error; <paramref name="expect"/> may turn it into its own.</summary>
    public static async Task<T> AskAsync<T>(
        CallContext call, PeerLink link, IdleWatch watch, string path, IMessage request, MessageParser<T> parser, Func<int, PeerException?>? expect = null)
        where T : IMessage<T>
    {
        using var content = new ByteArrayContent(request.ToByteArray());
        watch.Arm();
        using var response = await link.PostAsync(path, content, watch.Token);
        if ((int)response.StatusCode != PeerStatus.Ok)
            throw expect?.Invoke((int)response.StatusCode) ?? call.Refused((int)response.StatusCode);
        return parser.ParseFrom(await ReadAllAsync(response, watch));
    }

    /// <summary>Sends a request that is answered with frames.</summary>
    public Task<FramedAnswer> OpenAsync(CallContext call, string path, Func<IdleWatch, HttpContent> content) =>
        RunAsync(call, async (link, watch) => await OpenAsync(call, link, watch, path, content)
            ?? throw call.Refused(PeerStatus.ProofRequired));

    /// <summary>As above on a given link; null when the peer wants a proof first.</summary>
    public async Task<FramedAnswer?> OpenAsync(
        CallContext call, PeerLink link, IdleWatch watch, string path, Func<IdleWatch, HttpContent> content)
    {
        watch.Arm();
        var response = await link.PostAsync(path, content(watch), watch.Token);
        int status = (int)response.StatusCode;
        if (status == PeerStatus.Ok) return await FramedAnswer.OpenAsync(call, response, watch, Meter, kind);
        response.Dispose();
        if (status == PeerStatus.ProofRequired) return null;
        throw call.Refused(status);
    }

    private async Task<PeerLink> LinkAsync(CallContext call)
    {
        try
        {
            return await slot.GetAsync(call.Cancel);
        }
        catch (OperationCanceledException e)
        {
            throw call.Map(e, watch: null);
        }
    }

    private static async Task<byte[]> ReadAllAsync(HttpResponseMessage response, IdleWatch watch)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(watch.Token);
        var buffer = new byte[Limits.AnswerBytes];
        int filled = 0;
        while (filled < buffer.Length)
        {
            int read = await watch.ReadAsync(stream, buffer.AsMemory(filled));
            if (read == 0) return buffer[..filled];
            filled += read;
        }
        throw new MalformedFrameException($"a message of more than {Limits.AnswerBytes} bytes");
    }
}
