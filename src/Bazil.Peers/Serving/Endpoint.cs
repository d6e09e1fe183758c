using Bazil.Peers.Metering;
using Bazil.Peers.Timing;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Bazil.Peers.Serving;

/// <summary>What the endpoints have in common: bounded bodies in, messages and frames out.</summary>
internal sealed class Endpoint(PeerServerOptions options, TimeProvider time, PeerMeters meters)
{
    public IdleWatch Watch(HttpContext context) => new(options.StallTimeout, time, context.RequestAborted);

    public PeerMeter MeterOf(PeerSession session) => meters.Of(session.Peer);

    public FrameStream Frames(HttpContext context, IdleWatch watch, PeerSession session, TrafficKind kind) =>
        new(context.Response.BodyWriter, options.AliveInterval, time, watch, MeterOf(session), kind);

    /// <summary>Lets a request have a body of up to <paramref name="bytes"/>; beyond it the framework answers 413.</summary>
    public static void Allow(HttpContext context, long bytes) =>
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = bytes;

    /// <summary>Reads a whole request body.</summary>
    public static async Task<byte[]> ReadAllAsync(HttpContext context, IdleWatch watch, int most)
    {
        Allow(context, most);
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (true)
        {
            int read = await watch.ReadAsync(context.Request.Body, buffer);
            if (read == 0) return body.ToArray();
            body.Write(buffer, 0, read);
        }
    }

    /// <exception cref="InvalidProtocolBufferException">The body is not such a message.</exception>
    public static async Task<T> ReadMessageAsync<T>(HttpContext context, IdleWatch watch, MessageParser<T> parser)
        where T : IMessage<T> => parser.ParseFrom(await ReadAllAsync(context, watch, Limits.MessageBytes));

    public static async Task WriteMessageAsync(HttpContext context, IMessage message, IdleWatch watch)
    {
        context.Response.ContentLength = message.CalculateSize();
        watch.Arm();
        await context.Response.Body.WriteAsync(message.ToByteArray(), watch.Token);
        watch.Disarm();
    }
}
