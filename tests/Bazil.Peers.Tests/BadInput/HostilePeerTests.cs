using System.Net;
using Bazil.Core;
using Bazil.Peers.Calling;
using Bazil.Peers.Proofs;
using Bazil.Peers.Protocol;
using Bazil.Peers.Tests.Nodes;
using Bazil.Testing;
using Google.Protobuf;

namespace Bazil.Peers.Tests.BadInput;

/// <summary>A peer that is known and allowed, and breaks the protocol: the server answers, stays up, and gives nothing away.</summary>
public sealed class HostilePeerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Exchange_without_a_proof_on_this_connection_is_refused()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Answer = (_, _) => throw new InvalidOperationException("the exchange was reached");
        using var link = await nodes.Black.DialAsync(nodes.White);
        Assert.Equal(401, await StatusAsync(link, PeerPaths.VolumeExchange + TwoNodes.VolumeId, [1]));
    }

    [Fact]
    public async Task Proof_is_good_once_and_on_its_own_connection_only()
    {
        await using var nodes = await TwoNodes.StartAsync();
        using var link = await nodes.Black.DialAsync(nodes.White);
        using var other = await nodes.Black.DialAsync(nodes.White);
        var proof = await ChallengeAndProveAsync(nodes, link);

        Assert.Equal(412, await StatusAsync(other, PeerPaths.VolumeProof, proof.ToByteArray()));
        Assert.Equal(200, await StatusAsync(link, PeerPaths.VolumeProof, proof.ToByteArray()));
        Assert.Equal(412, await StatusAsync(link, PeerPaths.VolumeProof, proof.ToByteArray()));
        Assert.Equal(200, await StatusAsync(link, PeerPaths.VolumeExchange + TwoNodes.VolumeId, [1]));
        Assert.Equal(401, await StatusAsync(other, PeerPaths.VolumeExchange + TwoNodes.VolumeId, [1]));
    }

    [Fact]
    public async Task Proof_in_the_servers_role_for_another_volume_or_with_a_bit_changed_is_wrong()
    {
        await using var nodes = await TwoNodes.StartAsync();
        using var link = await nodes.Black.DialAsync(nodes.White);
        Assert.Equal(412, await StatusAsync(link, PeerPaths.VolumeProof, (await ChallengeAndProveAsync(nodes, link, ProofRole.Server)).ToByteArray()));
        Assert.Equal(412, await StatusAsync(link, PeerPaths.VolumeProof, (await ChallengeAndProveAsync(nodes, link, volume: new VolumeId(5))).ToByteArray()));
        var changed = await ChallengeAndProveAsync(nodes, link);
        var bytes = changed.Proof.ToByteArray();
        bytes[31] ^= 0x80;
        changed.Proof = ByteString.CopyFrom(bytes);
        Assert.Equal(412, await StatusAsync(link, PeerPaths.VolumeProof, changed.ToByteArray()));
        Assert.Equal(401, await StatusAsync(link, PeerPaths.VolumeExchange + TwoNodes.VolumeId, [1]));
    }

    [Fact]
    public async Task Refusals_have_one_form_whatever_the_reason()
    {
        await using var nodes = await TwoNodes.StartAsync();
        using var link = await nodes.Black.DialAsync(nodes.White);
        var forms = new List<string> { await FormAsync(link, PeerPaths.VolumeHello, Hello("nonesuch")) };
        nodes.White.Volumes.Clear();
        forms.Add(await FormAsync(link, PeerPaths.VolumeHello, Hello("photos")));
        forms.Add(await FormAsync(link, PeerPaths.VolumeExchange + TwoNodes.VolumeId, [1]));
        forms.Add(await FormAsync(link, PeerPaths.VolumeProof, new VolumeProof
        {
            Id = Filled(16), ServerNonce = Filled(32), Proof = Filled(32),
        }.ToByteArray()));
        nodes.White.Stores.Clear();
        forms.Add(await FormAsync(link, PeerPaths.ObjectsGet, new ObjectIds { Ids = { Filled(32) } }.ToByteArray()));
        forms.Add(await FormAsync(link, PeerPaths.ObjectsPut, []));
        nodes.White.Known.Clear();
        forms.Add(await FormAsync(link, PeerPaths.VolumeHello, Hello("photos")));
        forms.Add(await FormAsync(link, PeerPaths.Ping, []));
        Assert.Equal("403 0", Assert.Single(forms.Distinct()));
    }

    [Fact]
    public async Task Malformed_messages_are_answered_as_such()
    {
        await using var nodes = await TwoNodes.StartAsync();
        using var link = await nodes.Black.DialAsync(nodes.White);
        var cases = new (string Path, byte[] Body, int Status)[]
        {
            (PeerPaths.Ping, [0xff, 0xff, 0xff], 400),
            (PeerPaths.Ping, new Ping { Nonce = Filled(33) }.ToByteArray(), 400),
            (PeerPaths.VolumeHello, [], 400),
            (PeerPaths.VolumeHello, new VolumeHello { Name = "photos", ClientNonce = Filled(31) }.ToByteArray(), 400),
            (PeerPaths.VolumeHello, new VolumeHello { Name = "photos", Id = Filled(16), ClientNonce = Filled(32) }.ToByteArray(), 400),
            (PeerPaths.VolumeHello, new VolumeHello { Id = Filled(15), ClientNonce = Filled(32) }.ToByteArray(), 400),
            (PeerPaths.VolumeHello, Hello(new string('x', 256)), 400),
            (PeerPaths.VolumeHello, new byte[Limits.MessageBytes + 1], 413),
            (PeerPaths.VolumeProof, new VolumeProof { Id = Filled(16) }.ToByteArray(), 400),
            (PeerPaths.VolumeExchange + "zz", [1], 400),
            (PeerPaths.VolumeExchange + new string('0', 33), [1], 400),
            (PeerPaths.ObjectsGet, [], 400),
            (PeerPaths.ObjectsGet, new ObjectIds { Ids = { Filled(31) } }.ToByteArray(), 400),
            (PeerPaths.ObjectsGet, new ObjectIds { Ids = { Enumerable.Repeat(Filled(32), Limits.IdsPerRequest + 1) } }.ToByteArray(), 400),
            (PeerPaths.ObjectsHas, [8, 1, 8], 400),
            ("/bazil/2/ping", [], 404),
            ("/", [], 404),
        };
        foreach (var (path, body, status) in cases) Assert.Equal((path, status), (path, await StatusAsync(link, path, body)));
        await nodes.Call.ConnectVolumeAsync("photos", nodes.Key, Cancel);
        Assert.Equal(413, await ProvedStatusAsync(nodes, new byte[Limits.ExchangeRequestBytes + 1]));
        Assert.Empty(nodes.Store.Calls);
    }

    [Fact]
    public async Task Puts_that_break_the_format_store_nothing_of_the_broken_object()
    {
        await using var nodes = await TwoNodes.StartAsync();
        using var link = await nodes.Black.DialAsync(nodes.White);
        byte[] head = new ObjectHead { Id = Filled(32), Length = 3 }.ToByteArray();
        var bodies = new (byte[] Body, FailureCode Code)[]
        {
            ([], FailureCode.Malformed),
            (Frame(1, [1, 2]), FailureCode.Malformed),
            (Frame(2, head), FailureCode.Malformed),
            ([.. Frame(2, head), .. Frame(1, [1, 2])], FailureCode.Malformed),
            ([.. Frame(2, head), .. Frame(1, [1, 2, 3, 4]), .. Frame(6, [])], FailureCode.Malformed),
            ([.. Frame(2, head), .. Frame(6, [])], FailureCode.Malformed),
            ([.. Frame(2, new ObjectHead { Id = Filled(31), Length = 0 }.ToByteArray()), .. Frame(6, [])], FailureCode.Malformed),
            ([.. Frame(2, new ObjectHead { Id = Filled(32), Length = ulong.MaxValue }.ToByteArray()), .. Frame(6, [])], FailureCode.TooLarge),
            ([.. Frame(2, [0xff, 0xff]), .. Frame(6, [])], FailureCode.Malformed),
            (Frame(77, []), FailureCode.Malformed),
            ([0xff, 0xff, 0xff, 0x7f, 1], FailureCode.TooLarge),
            ([.. Frame(6, []), 0], FailureCode.Malformed),
        };
        foreach (var (body, code) in bodies)
        {
            using var response = await link.PostAsync(PeerPaths.ObjectsPut, new ByteArrayContent(body), Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(Frame(7, [(byte)code]), await response.Content.ReadAsByteArrayAsync(Cancel));
        }
        Assert.Empty(nodes.Store.Objects);
        Assert.Equal(0, nodes.Store.Syncs);
    }

    [Fact]
    public async Task Put_that_is_cut_in_the_middle_leaves_nothing()
    {
        await using var nodes = await TwoNodes.StartAsync();
        using (var link = await nodes.Black.DialAsync(nodes.White))
        {
            var content = new HangingContent([.. Frame(2, new ObjectHead { Id = Filled(32), Length = 100 }.ToByteArray()), .. Frame(1, new byte[50])]);
            var response = await link.PostAsync(PeerPaths.ObjectsPut, content, Cancel);
            await content.Written.WaitAsync(Cancel);
            response.Dispose();
        }
        await nodes.Call.PingAsync(Cancel);
        await nodes.Call.Store.SyncAsync(Cancel);
        Assert.Empty(nodes.Store.Objects);
    }

    [Fact]
    public async Task Put_that_stalls_is_given_up_and_its_place_is_free_again()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(serverTime: time);
        using var link = await nodes.Black.DialAsync(nodes.White);
        var stalled = new List<HttpResponseMessage>();
        for (int i = 0; i < Limits.PutsPerPeer; i++)
        {
            var content = new HangingContent(Frame(2, new ObjectHead { Id = Filled(32), Length = 100 }.ToByteArray()));
            stalled.Add(await link.PostAsync(PeerPaths.ObjectsPut, content, Cancel));
            await content.Written.WaitAsync(Cancel);
        }
        Assert.Equal(429, await StatusAsync(link, PeerPaths.ObjectsPut, Frame(6, [])));
        foreach (var response in stalled)
        {
            var end = response.Content.ReadAsByteArrayAsync(Cancel);
            while (!end.IsCompleted)
            {
                time.Advance(TimeSpan.FromSeconds(31)); // again, should the server not yet have come to the read
                await Task.WhenAny(end, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel));
            }
            await Assert.ThrowsAnyAsync<Exception>(() => end);
            response.Dispose();
        }
        await nodes.Call.Store.PutAsync(new ObjectId(new byte[32]), new byte[5], Cancel);
        Assert.Single(nodes.Store.Objects);
    }

    [Fact]
    public async Task Random_requests_never_bring_the_server_down()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var seed = Seed.Take(fallback: 2024);
        TestContext.Current.TestOutputHelper?.WriteLine(seed.ToString());
        var random = seed.CreateRandom();
        string[] paths =
        [
            PeerPaths.Ping, PeerPaths.VolumeHello, PeerPaths.VolumeProof, PeerPaths.VolumeExchange + TwoNodes.VolumeId,
            PeerPaths.ObjectsGet, PeerPaths.ObjectsHas, PeerPaths.ObjectsPut, PeerPaths.ObjectsSync, PeerPaths.ObjectsHold, PeerPaths.ObjectsRelease,
        ];
        byte[][] seeds = [Hello("photos"), new ObjectIds { Ids = { Filled(32), Filled(32) } }.ToByteArray(), Frame(1, new byte[30]), Frame(6, []), []];
        using var link = await nodes.Black.DialAsync(nodes.White);
        for (int i = 0; i < 400; i++)
        {
            var body = seeds[random.Next(seeds.Length)].ToList();
            for (int n = random.Next(4); n > 0; n--) body.Insert(random.Next(body.Count + 1), (byte)random.Next(256));
            if (random.Next(3) == 0 && body.Count > 0) body.RemoveRange(random.Next(body.Count), 1);
            int status = await StatusAsync(link, paths[random.Next(paths.Length)], [.. body]);
            Assert.True(status is 200 or 400 or 401 or 403 or 412 or 413, $"status {status}, {seed}");
        }
        await nodes.Call.PingAsync(Cancel);
    }

    private static async Task<int> ProvedStatusAsync(TwoNodes nodes, byte[] request)
    {
        using var link = await nodes.Black.DialAsync(nodes.White);
        Assert.Equal(200, await StatusAsync(link, PeerPaths.VolumeProof, (await ChallengeAndProveAsync(nodes, link)).ToByteArray()));
        return await StatusAsync(link, PeerPaths.VolumeExchange + TwoNodes.VolumeId, request);
    }

    private static async Task<VolumeProof> ChallengeAndProveAsync(
        TwoNodes nodes, PeerLink link, ProofRole role = ProofRole.Client, VolumeId? volume = null)
    {
        using var response = await link.PostAsync(PeerPaths.VolumeHello, new ByteArrayContent(Hello("photos")), Cancel);
        var challenge = VolumeChallenge.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(Cancel));
        var proof = new byte[32];
        var statement = ProofStatement.Encode(
            role, volume ?? VolumeId.Read(challenge.Id.Span), link.Parties, Filled(32).Span, challenge.ServerNonce.Span);
        nodes.Key.Prove(statement, proof);
        return new VolumeProof { Id = challenge.Id, ServerNonce = challenge.ServerNonce, Proof = ByteString.CopyFrom(proof) };
    }

    private static async Task<int> StatusAsync(PeerLink link, string path, byte[] body)
    {
        using var response = await link.PostAsync(path, new ByteArrayContent(body), Cancel);
        await response.Content.ReadAsByteArrayAsync(Cancel);
        return (int)response.StatusCode;
    }

    private static async Task<string> FormAsync(PeerLink link, string path, byte[] body)
    {
        using var response = await link.PostAsync(path, new ByteArrayContent(body), Cancel);
        var headers = response.Headers.Where(header => header.Key != "Date").Select(header => header.Key);
        return $"{(int)response.StatusCode} {(await response.Content.ReadAsByteArrayAsync(Cancel)).Length}{string.Join(",", headers)}";
    }

    private static byte[] Hello(string name) => new VolumeHello { Name = name, ClientNonce = Filled(32) }.ToByteArray();

    private static ByteString Filled(int length) => ByteString.CopyFrom([.. Enumerable.Repeat((byte)0x5a, length)]);

    private static byte[] Frame(byte kind, byte[] payload) => [.. BitConverter.GetBytes(payload.Length), kind, .. payload];

    /// <summary>Sends what it has, and then neither more nor the end.</summary>
    private sealed class HangingContent(byte[] bytes) : HttpContent
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Written => _written.Task;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(bytes, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            _written.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
