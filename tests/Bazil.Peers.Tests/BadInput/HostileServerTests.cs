using System.Net;
using Bazil.Core;
using Bazil.Peers.Proofs;
using Bazil.Peers.Protocol;
using Bazil.Peers.Serving;
using Bazil.Peers.Tests.Nodes;
using Bazil.Peers.Tests.Serving;
using Bazil.Storage.Stores;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Peers.Tests.BadInput;

/// <summary>A peer with the right identity that answers with lies: the caller gets a typed error, soon, and none of the lies.</summary>
public sealed class HostileServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Server_that_cannot_prove_the_key_gets_no_request()
    {
        bool asked = false;
        await using var nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.VolumeProof) await ReplyAsync(context, new VolumeProved { Proof = Filled(32) }.ToByteArray());
            if (context.Request.Path.Value!.StartsWith(PeerPaths.VolumeExchange, StringComparison.Ordinal)) asked = true;
        });
        await Assert.ThrowsAsync<WrongSharingKeyException>(() => nodes.Nodes.Call.ConnectVolumeAsync("photos", nodes.Nodes.Key, Cancel));
        await Assert.ThrowsAsync<WrongSharingKeyException>(() => nodes.Nodes.ExchangeAsync([1], Cancel));
        Assert.False(asked);
    }

    [Fact]
    public async Task Server_that_sends_our_own_proof_back_has_proved_nothing()
    {
        await using var nodes = await StartAsync(async context =>
        {
            if (context.Request.Path != PeerPaths.VolumeProof) return;
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, Cancel);
            await ReplyAsync(context, new VolumeProved { Proof = VolumeProof.Parser.ParseFrom(body.ToArray()).Proof }.ToByteArray());
        });
        await Assert.ThrowsAsync<WrongSharingKeyException>(() => nodes.Nodes.Call.ConnectVolumeAsync("photos", nodes.Nodes.Key, Cancel));
    }

    [Theory]
    [InlineData("0a")]
    [InlineData("")]
    [InlineData("0a0101")]
    [InlineData("ffffffffffffff")]
    public async Task Challenge_that_makes_no_sense_is_a_protocol_error(string hex)
    {
        await using var nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.VolumeHello) await ReplyAsync(context, Convert.FromHexString(hex));
        });
        await Assert.ThrowsAsync<PeerProtocolException>(() => nodes.Nodes.Call.ConnectVolumeAsync("photos", nodes.Nodes.Key, Cancel));
    }

    [Fact]
    public async Task Message_without_an_end_is_not_read_to_the_end()
    {
        await using var nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.VolumeHello) await ReplyAsync(context, new byte[10 << 20]);
        });
        await Assert.ThrowsAsync<PeerProtocolException>(() => nodes.Nodes.Call.ConnectVolumeAsync("photos", nodes.Nodes.Key, Cancel));
    }

    [Fact]
    public async Task Answers_about_objects_that_are_lies_are_failures_of_the_store()
    {
        byte[] own = new ObjectHead { Id = ByteString.CopyFrom(ObjectTests.Id(1).Span), Length = 3 }.ToByteArray();
        byte[] other = new ObjectHead { Id = ByteString.CopyFrom(ObjectTests.Id(2).Span), Length = 3 }.ToByteArray();
        byte[] huge = new ObjectHead { Id = ByteString.CopyFrom(ObjectTests.Id(1).Span), Length = 1UL << 62 }.ToByteArray();
        byte[][] lies =
        [
            [],
            Frame(6, []),
            Frame(3, []),
            [.. Frame(3, []), .. Frame(3, []), .. Frame(6, [])],
            [.. Frame(2, own), .. Frame(1, [1, 2])],
            [.. Frame(2, own), .. Frame(1, [1, 2, 3])],
            [.. Frame(2, own), .. Frame(1, [1, 2, 3, 4]), .. Frame(6, [])],
            [.. Frame(2, own), .. Frame(6, [])],
            [.. Frame(2, other), .. Frame(1, [1, 2, 3]), .. Frame(6, [])],
            [.. Frame(2, huge), .. Frame(1, [1, 2, 3]), .. Frame(6, [])],
            [.. Frame(2, [0xff]), .. Frame(6, [])],
            [.. Frame(3, []), .. Frame(6, []), .. Frame(6, [])],
            [.. Frame(3, []), .. Frame(7, [9])],
            Frame(99, []),
            [0xff, 0xff, 0xff, 0xff, 1],
            [1, 0],
        ];
        byte[] lie = [];
        await using var nodes = await StartAsync(async context =>
        {
            if (context.Request.Path != PeerPaths.Ping) await ReplyAsync(context, lie);
        });
        foreach (var next in lies)
        {
            lie = next;
            await Assert.ThrowsAsync<StoreException>(async () => await nodes.Nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel));
            await Assert.ThrowsAsync<StoreException>(async () => await nodes.Nodes.Call.Store.HasAsync(ObjectTests.Id(1), Cancel));
        }
        lie = [.. Frame(2, own), .. Frame(0, []), .. Frame(1, [1]), .. Frame(0, []), .. Frame(1, [2, 3]), .. Frame(6, [])];
        using var found = await nodes.Nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel);
        Assert.Equal([1, 2, 3], found!.Memory.ToArray());
    }

    [Fact]
    public async Task Note_that_is_none_ends_the_stream_of_notes_with_a_reason()
    {
        byte[][] lies = [Frame(3, []), Frame(1, new byte[Limits.NoteBytes + 1]), Frame(99, []), [0xff, 0xff, 0xff, 0xff, 1], [1, 0], [.. Frame(6, []), .. Frame(6, [])], Frame(7, [1])];
        byte[] lie = [], nonce = [];
        TwoNodes? known = null;
        await using var nodes = await StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, Cancel);
            if (context.Request.Path.Value!.StartsWith(PeerPaths.VolumeWatch, StringComparison.Ordinal)) await ReplyAsync(context, lie);
            if (context.Request.Path == PeerPaths.VolumeHello) nonce = VolumeHello.Parser.ParseFrom(body.ToArray()).ClientNonce.ToByteArray();
            if (context.Request.Path != PeerPaths.VolumeProof) return;

            // It has the key: only what it says after is wrong.
            byte[] proof = new byte[ProofStatement.ProofSize];
            var parties = context.Features.GetRequiredFeature<PeerSession>().Parties;
            known!.Key.Prove(ProofStatement.Encode(ProofRole.Server, TwoNodes.VolumeId, parties, nonce, Filled(32).Span), proof);
            await ReplyAsync(context, new VolumeProved { Proof = ByteString.CopyFrom(proof) }.ToByteArray());
        });
        known = nodes.Nodes;
        foreach (byte[] next in lies)
        {
            lie = next;
            await Assert.ThrowsAsync<PeerProtocolException>(async () =>
            {
                await foreach (var _ in nodes.Nodes.Call.WatchAsync(TwoNodes.VolumeId, nodes.Nodes.Key, 0, Cancel)) Assert.Fail("a note came");
            });
        }
    }

    [Fact]
    public async Task Connection_that_breaks_in_the_middle_of_an_object_is_an_error_and_not_a_short_object()
    {
        byte[] head = new ObjectHead { Id = ByteString.CopyFrom(ObjectTests.Id(1).Span), Length = 1000 }.ToByteArray();
        await using var nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.Ping) return;
            await context.Response.Body.WriteAsync((byte[])[.. Frame(2, head), .. Frame(1, new byte[500])], Cancel);
            await context.Response.Body.FlushAsync(Cancel);
            context.Features.GetRequiredFeature<PeerSession>().Abort();
        });
        var e = await Assert.ThrowsAsync<StoreException>(async () => await nodes.Nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel));
        Assert.IsType<PeerUnreachableException>(e.InnerException);
    }

    [Fact]
    public async Task Broken_connection_goes_on_at_the_byte_where_it_stopped()
    {
        byte[] bytes = ObjectTests.Bytes(100_000);
        long seen = 0;
        var asked = new List<ObjectIds>();
        Hostile? nodes = null;
        await using var started = nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.Ping) return;
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, Cancel);
            asked.Add(ObjectIds.Parser.ParseFrom(body.ToArray()));
            int start = (int)asked[^1].ResumeOffset, end = Math.Min(start + 30_000, bytes.Length);
            byte[] first = [.. asked.Count == 1 ? Frame(3, []) : [], .. Frame(2, Head(2, bytes.Length, start)), .. Frame(1, bytes[start..])];
            await context.Response.Body.WriteAsync(first.AsMemory(0, first.Length - (bytes.Length - end)), Cancel);
            if (end == bytes.Length) await context.Response.Body.WriteAsync(Frame(6, []), Cancel);
            await context.Response.Body.FlushAsync(Cancel);
            if (end < bytes.Length) await CutAsync(context, nodes!, seen += end - start);
        });

        var found = new List<PeerObject>();
        await foreach (var next in nodes.Nodes.Call.Store.GetManyAsync([ObjectTests.Id(1), ObjectTests.Id(2)], Cancel)) found.Add(next);
        Assert.Equal([PeerObjectState.Missing, PeerObjectState.Found], found.Select(one => one.State));
        Assert.Equal(bytes, found[1].Content!.Memory.ToArray());
        Assert.Equal(2, asked[0].Ids.Count);
        Assert.All(asked.Skip(1), again => Assert.Equal((ObjectTests.Id(2), (ulong)bytes.Length), (new ObjectId(again.Ids.Single().Span), again.ResumeLength)));
        Assert.Equal(asked.Select(one => one.ResumeOffset).Order(), asked.Select(one => one.ResumeOffset).Distinct());
    }

    [Theory]
    [InlineData(1000, 400)] // not where it stopped
    [InlineData(900, 500)] // another object
    public async Task Object_that_goes_on_elsewhere_is_a_lie(int length, int offset)
    {
        int answers = 0;
        Hostile? nodes = null;
        await using var started = nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.Ping) return;
            bool isFirst = Interlocked.Increment(ref answers) == 1;
            byte[] head = isFirst ? Head(1, 1000, 0) : Head(1, length, offset);
            await context.Response.Body.WriteAsync((byte[])[.. Frame(2, head), .. Frame(1, new byte[500])], Cancel);
            await context.Response.Body.FlushAsync(Cancel);
            if (isFirst) await CutAsync(context, nodes!, 500);
        });
        var e = await Assert.ThrowsAsync<StoreException>(async () => await nodes.Nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel));
        Assert.IsType<PeerProtocolException>(e.InnerException);
    }

    [Theory]
    [InlineData(3)] // Missing
    [InlineData(4)] // Damaged
    [InlineData(5)] // Unavailable
    public async Task Object_that_is_not_there_any_more_is_no_beginning_of_the_next_one(byte kind)
    {
        byte[] other = ObjectTests.Bytes(1000);
        var asked = new List<ObjectIds>();
        Hostile? nodes = null;
        await using var started = nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.Ping) return;
            asked.Add(await IdsAsync(context));
            long before = nodes!.Nodes.Black.Meters.Of(nodes.Nodes.White.Id).ReceivedBytes;
            byte[] answer = asked.Count switch
            {
                1 => [.. Frame(2, Head(1, 1000, 0)), .. Frame(1, new byte[400])],
                2 => Frame(kind, []),
                _ => [.. Frame(2, Head(2, 1000, 0)), .. Frame(1, other), .. Frame(6, [])],
            };
            await context.Response.Body.WriteAsync(answer, Cancel);
            await context.Response.Body.FlushAsync(Cancel);
            if (asked.Count < 3) await CutAsync(context, nodes, before + answer.Length);
        });

        var found = new List<PeerObject>();
        await foreach (var next in nodes.Nodes.Call.Store.GetManyAsync([ObjectTests.Id(1), ObjectTests.Id(2)], Cancel)) found.Add(next);
        Assert.NotEqual(PeerObjectState.Found, found[0].State);
        Assert.Equal(other, found[1].Content!.Memory.ToArray());
        Assert.Equal((400UL, 1000UL), (asked[1].ResumeOffset, asked[1].ResumeLength));
        Assert.Equal((1, 0UL, 0UL), (asked[2].Ids.Count, asked[2].ResumeOffset, asked[2].ResumeLength));
    }

    [Theory]
    [InlineData(800)]
    [InlineData(1200)]
    public async Task Object_that_has_another_length_by_now_comes_whole_and_nothing_of_the_first_box_is_in_it(int length)
    {
        byte[] other = [.. Enumerable.Repeat((byte)2, length)];
        int answers = 0;
        Hostile? nodes = null;
        await using var started = nodes = await StartAsync(async context =>
        {
            if (context.Request.Path == PeerPaths.Ping) return;
            bool isFirst = Interlocked.Increment(ref answers) == 1;
            byte[] answer = isFirst
                ? [.. Frame(2, Head(1, 1000, 0)), .. Frame(1, [.. Enumerable.Repeat((byte)1, 500)])]
                : [.. Frame(2, Head(1, length, 0)), .. Frame(1, other), .. Frame(6, [])];
            await context.Response.Body.WriteAsync(answer, Cancel);
            await context.Response.Body.FlushAsync(Cancel);
            if (isFirst) await CutAsync(context, nodes!, 500);
        });
        using var found = await nodes.Nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel);
        Assert.Equal(other, found!.Memory.ToArray());
        Assert.Equal(2, answers);
    }

    private static async Task<ObjectIds> IdsAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, Cancel);
        return ObjectIds.Parser.ParseFrom(body.ToArray());
    }

    /// <summary>Breaks the connection after the caller has read so much: what it has not read is lost with it.</summary>
    private static async Task CutAsync(HttpContext context, Hostile nodes, long readBytes)
    {
        var meter = nodes.Nodes.Black.Meters.Of(nodes.Nodes.White.Id);
        while (meter.ReceivedBytes < readBytes) await Task.Yield();
        context.Features.GetRequiredFeature<PeerSession>().Abort();
    }

    private static byte[] Head(int id, int length, int offset) =>
        new ObjectHead { Id = ByteString.CopyFrom(ObjectTests.Id(id).Span), Length = (ulong)length, Offset = (ulong)offset }.ToByteArray();

    /// <summary>White's server is replaced by one of the same identity; it answers pings, and hellos with a good challenge, unless told otherwise.</summary>
    private static async Task<Hostile> StartAsync(RequestDelegate answer)
    {
        var nodes = await TwoNodes.StartAsync();
        var listener = new PeerListener(
            nodes.White.Identity, nodes.White, new SessionRegistry(), new PeerServerOptions(), NullLogger.Instance);
        var app = listener.Build(new IPEndPoint(IPAddress.Loopback, 0), async context =>
        {
            await answer(context);
            if (context.Response.HasStarted || context.Request.Path != PeerPaths.VolumeHello) return;
            var id = new byte[VolumeId.Size];
            TwoNodes.VolumeId.Write(id);
            await ReplyAsync(context, new VolumeChallenge { Id = ByteString.CopyFrom(id), ServerNonce = Filled(32) }.ToByteArray());
        });
        await app.StartAsync(Cancel);
        string address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        nodes.Black.Addresses[nodes.White.Id] = [$"127.0.0.1:{new Uri(address).Port}"];
        return new Hostile(nodes, app);
    }

    private static async Task ReplyAsync(HttpContext context, byte[] body)
    {
        await context.Response.StartAsync(Cancel);
        try
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The caller has read enough.
        }
    }

    private static ByteString Filled(int length) => ByteString.CopyFrom([.. Enumerable.Repeat((byte)0x5a, length)]);

    private static byte[] Frame(byte kind, byte[] payload) => [.. BitConverter.GetBytes(payload.Length), kind, .. payload];

    private sealed record Hostile(TwoNodes Nodes, WebApplication App) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Nodes.DisposeAsync();
            await App.StopAsync(CancellationToken.None);
            await App.DisposeAsync();
        }
    }
}
