using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>A member that sends what it should not: it is cut off with a reason, and what was here stays as it was.</summary>
public sealed class HostilePeerTests
{
    [Fact]
    public async Task Damaged_frames_abort_the_pull_and_never_do_worse()
    {
        Seed seed = Seed.Take(42);
        await using World world = await World.CreateAsync(2, seed.Value);
        (Replica a, Replica b) = world;
        await a.WriteAsync("mine", "kept");
        Random random = seed.CreateRandom();
        for (int round = 0; round < 300; round++)
        {
            await b.WriteAsync($"f{round % 7}", $"text {round}");
            try
            {
                await a.Volume.PullAsync(new TamperingLink(a, b, frame => Damage(frame, random)), CancellationToken.None);
            }
            catch (IOException)
            {
                // Refused with a reason.
            }

            Assert.Null(a.Volume.Failure);
        }

        Assert.Equal("kept", await a.ReadAsync("mine"));
    }

    [Fact]
    public async Task Knowledge_without_its_signed_head_is_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await b.WriteAsync("f", "x");
        var claimed = new Version(1000, new ReplicaId(77));
        string before = World.Describe(a.State());
        SyncException refused = await Refuse(a, b, header => header with { Knowledge = header.Knowledge.With(claimed) });
        Assert.Contains("head", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, World.Describe(a.State()));
    }

    [Fact]
    public async Task A_head_with_a_wrong_signature_is_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await b.WriteAsync("f", "x");
        SyncException refused = await Refuse(a, b, header => header with { Heads = [.. header.Heads.Select(head => head with { Signature = new byte[64] })] });
        Assert.Contains("signature", refused.Message, StringComparison.Ordinal);
        Assert.False(a.Exists("f"));
    }

    [Fact]
    public async Task Ticks_beyond_reason_are_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await b.WriteAsync("f", "x");
        SyncException refused = await Refuse(a, b, header => header with { Knowledge = header.Knowledge.With(new Version(1UL << 60, new ReplicaId(7))) });
        Assert.Contains("beyond reason", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_is_an_error_and_the_next_pull_goes_on()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await b.WriteAsync("f", "x");
        Knowledge before = a.Volume.Knowledge;
        await Assert.ThrowsAsync<SyncException>(() => a.Volume.PullAsync(new TamperingLink(a, b, frame => frame, dropEnd: true), CancellationToken.None));
        Assert.Equal(before, a.Volume.Knowledge);
        await a.PullAsync(b);
        Assert.Equal("x", await a.ReadAsync("f"));
    }

    [Fact]
    public async Task A_reference_to_changes_that_nobody_signed_is_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await b.WriteAsync("f", "x");
        await a.PullAsync(b);
        await b.WriteAsync("f", "y");
        SyncException refused = await Assert.ThrowsAsync<SyncException>(() => a.Volume.PullAsync(new TamperingLink(a, b, ForgeReference), CancellationToken.None));
        Assert.Contains("nobody signed", refused.Message, StringComparison.Ordinal);
        await a.PullAsync(b);
        Assert.Equal("y", await a.ReadAsync("f"));
    }

    /// <summary>C says of B that it needs nothing any more: A would delete what a snapshot of B consists of.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_third_member_vouches_for_is_refused_without_its_signature(bool forgesSnapshots)
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await b.PullAsync(a);
        await b.Volume.TakeSnapshotAsync(FileName.Parse("monday"), CancellationToken.None);
        await c.PullAsync(b);
        await c.WriteAsync("g", "y");
        await a.PullAsync(b);
        Assert.True(Forgets(await Refuse(a, c, header => header with { Statements = [.. header.Statements!.Select(Forge)] })));

        await a.PullAsync(c);
        Assert.Equal("y", await a.ReadAsync("g"));

        static bool Forgets(SyncException refused) => refused.Message.Contains("without its signature", StringComparison.Ordinal);

        MemberStatement Forge(MemberStatement statement)
        {
            if (statement.Member != b.Id) return statement;
            return forgesSnapshots ? Forged(statement, new MemberSnapshots(ulong.MaxValue, [])) : statement with { Vouched = c.Volume.Knowledge };
        }
    }

    private static MemberStatement Forged(MemberStatement statement, MemberSnapshots list) => statement with { Snapshots = list, ListDigest = list.Digest };

    /// <summary>Each is compared with what was here before the pull, so that the last of them would count.</summary>
    [Fact]
    public async Task Two_statements_of_a_third_member_do_not_turn_its_list_of_snapshots_back()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SettleAsync();
        await b.Volume.TakeSnapshotAsync(FileName.Parse("monday"), CancellationToken.None);
        MemberStatement older = await StatementOfAsync(b);
        await b.WriteAsync("f", "y");
        await b.Volume.TakeSnapshotAsync(FileName.Parse("tuesday"), CancellationToken.None);
        MemberStatement newer = await StatementOfAsync(b);
        SyncException refused = await Refuse(a, c, header => header with { Statements = [newer, older, .. header.Statements!.Where(statement => statement.Member != b.Id)] });
        Assert.Contains($"two statements of member {b.Id}", refused.Message, StringComparison.Ordinal);

        await a.PullAsync(c);
        Assert.Equal(["monday", "tuesday"], MemberSnapshots.Find(new VolumeTables(a.Metadata, 1), b.Id)!.References.Select(reference => reference.Name.ToString()));

        async Task<MemberStatement> StatementOfAsync(Replica member)
        {
            await c.PullAsync(member);
            return MemberStatement.Find(new VolumeTables(c.Metadata, 1), member.Id)!.WithList(new VolumeTables(c.Metadata, 1));
        }
    }

    [Fact]
    public async Task Statements_of_members_are_sent_once()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SettleAsync();
        await a.PullAsync(b);
        Assert.Null((await HeaderAsync(a, b)).Statements);

        await b.Volume.TakeSnapshotAsync(FileName.Parse("monday"), CancellationToken.None);
        Assert.Equal(new[] { a.Id, b.Id, c.Id }.Order(), (await HeaderAsync(a, b)).Statements!.Select(statement => statement.Member).Order());
        Assert.Null((await HeaderAsync(a, b)).Statements);
    }

    /// <summary>Nobody takes them over, so they would come with each pull, with all the others.</summary>
    [Fact]
    public async Task Statements_of_who_was_removed_are_not_passed_on()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SettleAsync();
        b.Volume.RemoveMember(c.Id);
        await a.PullAsync(b);
        await b.Volume.TakeSnapshotAsync(FileName.Parse("monday"), CancellationToken.None);
        Assert.Equal(new[] { a.Id, b.Id }.Order(), (await HeaderAsync(a, b)).Statements!.Select(statement => statement.Member).Order());
        Assert.Null((await HeaderAsync(a, b)).Statements);
    }

    /// <summary>What comes first in a pull.</summary>
    private static async Task<PullHeader> HeaderAsync(Replica puller, Replica server)
    {
        PullHeader? header = null;
        await puller.Volume.PullAsync(
            new TamperingLink(puller, server, frame =>
            {
                header ??= PullHeader.Decode(frame, puller.Volume.Knowledge);
                return frame;
            }),
            CancellationToken.None);
        return header!;
    }

    [Fact]
    public async Task A_node_of_another_kind_than_ours_is_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await b.WriteAsync("f", "x");
        await a.PullAsync(b);
        await b.WriteAsync("f", "y");
        SyncException refused = await Assert.ThrowsAsync<SyncException>(() => a.Volume.PullAsync(new TamperingLink(a, b, ChangeKind), CancellationToken.None));
        Assert.Contains("is a File here", refused.Message, StringComparison.Ordinal);
        Assert.Equal("x", await a.ReadAsync("f"));
    }

    private static async Task<SyncException> Refuse(Replica a, Replica b, Func<PullHeader, PullHeader> forge) =>
        await Assert.ThrowsAsync<SyncException>(() => a.Volume.PullAsync(new TamperingLink(a, b, frame => Forge(frame, forge)), CancellationToken.None));

    private static byte[] Forge(byte[] frame, Func<PullHeader, PullHeader> forge)
    {
        try
        {
            PullHeader header = PullHeader.Decode(frame, Knowledge.Empty);
            return header.Status == PullStatus.Changes ? forge(header).Encode() : frame;
        }
        catch (WireFormatException)
        {
            return frame;
        }
    }

    private static byte[] ForgeReference(byte[] frame) => Rewrite(frame, node =>
    {
        node.Reference = Knowledge.Of(new Version(node.Stamp.LargestTick + 1000, node.Stamp.First().Key));
        return node;
    });

    private static byte[] ChangeKind(byte[] frame) => Rewrite(frame, node => new NodeRecord(node.Id, node.Kind == NodeKind.File ? NodeKind.Fifo : node.Kind, node.Inode)
    {
        Content = node.Content, Attributes = node.Attributes, Links = node.Links, Members = node.Members, Stamp = node.Stamp,
    });

    private static byte[] Rewrite(byte[] frame, Func<NodeRecord, NodeRecord> forge)
    {
        if (frame[0] != 1 || frame.Length < 60) return frame;
        try
        {
            List<NodeRecord>? nodes = ItemFrame.Decode(frame, out _);
            if (nodes is null) return frame;
            var items = new WireWriter();
            foreach (NodeRecord node in nodes) ItemFrame.WriteItem(items, forge(node));
            return ItemFrame.EncodeItems(items, nodes.Count);
        }
        catch (WireFormatException)
        {
            return frame;
        }
    }

    private static byte[] Damage(byte[] frame, Random random)
    {
        if (random.Next(2) == 0) return frame;
        byte[] damaged = [.. frame];
        for (int change = random.Next(1, 4); change > 0; change--) damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
        return random.Next(4) == 0 ? damaged[..random.Next(damaged.Length)] : damaged;
    }

    private sealed class TamperingLink(Replica puller, Replica server, Func<byte[], byte[]> tamper, bool dropEnd = false) : IVolumeLink
    {
        public PeerId Peer => server.Id;

        public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
        {
            var pieces = new FramePieces();
            await foreach (ReadOnlyMemory<byte> piece in server.Volume.ServeAsync(puller.Id, request, cancel))
            {
                if (!pieces.Add(piece.Span, out ReadOnlyMemory<byte> frame)) continue;
                byte[] whole = frame.ToArray();
                bool isEnd = whole.Length == 9 && whole[0] == 2;
                if (!(dropEnd && isEnd)) yield return FramePieces.Split(tamper(whole), mayCompress: false).Single();
            }
        }
    }
}
