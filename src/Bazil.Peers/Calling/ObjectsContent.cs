using System.Net;
using Bazil.Core;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;
using Google.Protobuf;

namespace Bazil.Peers.Calling;

/// <summary>The body of a put: objects as frames, written as fast as the peer takes them. Lent until the request is done.</summary>
internal sealed class ObjectsContent(IReadOnlyList<KeyValuePair<ObjectId, ReadOnlyMemory<byte>>> objects, IdleWatch watch, PeerMeter meter) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var (id, bytes) in objects)
        {
            byte[] head = new ObjectHead { Id = ByteString.CopyFrom(id.Span), Length = (ulong)bytes.Length }.ToByteArray();
            await WriteAsync(stream, FrameKind.Object, head, cancellationToken);
            for (int offset = 0; offset < bytes.Length; offset += Limits.DataFrameBytes)
            {
                var piece = bytes.Slice(offset, Math.Min(Limits.DataFrameBytes, bytes.Length - offset));
                await WriteAsync(stream, FrameKind.Data, piece, cancellationToken);
            }
        }
        await WriteAsync(stream, FrameKind.End, ReadOnlyMemory<byte>.Empty, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task WriteAsync(Stream stream, FrameKind kind, ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        var header = new byte[FrameHeader.Size];
        new FrameHeader(kind, payload.Length).Write(header);

        // Our own limit is no silence of the peer.
        watch.Disarm();
        await meter.SendingAsync(FrameHeader.Size + payload.Length, TrafficKind.Content, cancel);
        watch.Arm();
        meter.CountSent(FrameHeader.Size + payload.Length);
        await stream.WriteAsync(header, cancel);
        if (!payload.IsEmpty) await stream.WriteAsync(payload, cancel);
        watch.Arm();
    }
}
