using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>Lists of snapshots go to who lacks them, not along with each statement.</summary>
public sealed class SnapshotListTests
{
    private const int SnapshotCount = 150;

    [Fact]
    public async Task Long_list_is_sent_when_it_changed_and_not_when_something_else_did()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SettleAsync();
        for (int number = 0; number < SnapshotCount; number++) await b.Volume.TakeSnapshotAsync(FileName.Parse($"snapshot-{number:D3}"), CancellationToken.None);
        int listBytes = MemberSnapshotsOf(b).Encoded.Length;
        Assert.InRange(listBytes, SnapshotCount * 40, int.MaxValue);

        Assert.InRange(await PullAsync(a, b), listBytes, 2 * listBytes);
        Assert.Equal(SnapshotCount, ListOf(a, b).Count);

        // B says something new each time, and what it says passes through A; its list is what it was.
        for (int round = 0; round < 3; round++)
        {
            await b.WriteAsync("f", $"changed {round}");
            Assert.InRange(await PullAsync(a, b), 1, listBytes / 2);
        }

        Assert.InRange(await PullAsync(c, a), listBytes, 2 * listBytes);
        Assert.Equal(ListOf(a, b), ListOf(c, b));
        await b.WriteAsync("f", "last");
        await a.PullAsync(b);
        Assert.InRange(await PullAsync(c, a), 1, listBytes / 2);

        Assert.Equal(Errno.OK, b.Volume.RemoveSnapshot(FileName.Parse("snapshot-000")));
        await a.PullAsync(b);
        await c.PullAsync(a);
        Assert.Equal(SnapshotCount - 1, ListOf(c, b).Count);
    }

    /// <summary>A statement counts together with its list or not at all.</summary>
    [Theory]
    [InlineData("none")]
    [InlineData("other")]
    [InlineData("twice")]
    [InlineData("damaged")]
    public async Task Statement_waits_for_its_list(string answer)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await world.SettleAsync();
        for (int number = 0; number < SnapshotCount; number++) await b.Volume.TakeSnapshotAsync(FileName.Parse($"snapshot-{number:D3}"), CancellationToken.None);
        await b.WriteAsync("f", "x");
        await a.RestartAsync();
        Knowledge before = VouchedBy(a, b);
        byte[][] frames = answer switch
        {
            "none" => [ItemFrame.EncodeEnd(0)],
            "other" => [ItemFrame.EncodeList(new MemberSnapshots(ulong.MaxValue, [])), ItemFrame.EncodeEnd(1)],
            "twice" => [ItemFrame.EncodeList(MemberSnapshotsOf(b)), ItemFrame.EncodeList(MemberSnapshotsOf(b)), ItemFrame.EncodeEnd(2)],
            _ => [[3, 1, 2], ItemFrame.EncodeEnd(1)],
        };
        var link = new ListLink(new MemoryLink(a, b, int.MaxValue), frames);
        if (answer == "none") await a.Volume.PullAsync(link, CancellationToken.None);
        else Assert.Equal(answer != "damaged", (await Assert.ThrowsAsync<SyncException>(() => a.Volume.PullAsync(link, CancellationToken.None))).Message.Contains("was not asked for", StringComparison.Ordinal));
        Assert.Equal(1, link.Asked);
        Assert.Empty(ListOf(a, b));
        Assert.Equal(before, VouchedBy(a, b));
        Assert.Empty(a.Volume.ReadWords().Heard);

        await a.PullAsync(b);
        Assert.Equal(SnapshotCount, ListOf(a, b).Count);
        Assert.Equal(b.Volume.Knowledge, VouchedBy(a, b));
        Assert.Equal([b.Id], a.Volume.ReadWords().Heard);
    }

    /// <summary>A hostile member has lists of any number and length: what is beyond a bound is neither kept nor asked for.</summary>
    [Theory]
    [InlineData(0, 2)]
    [InlineData(-1, 1)]
    public async Task Lists_that_are_fetched_at_once_are_bounded(int bytesBeyond, int expected)
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await world.SettleAsync();
        foreach (Replica replica in (Replica[])[b, c])
        {
            for (int number = 0; number < SnapshotCount; number++) await replica.Volume.TakeSnapshotAsync(FileName.Parse($"snapshot-{number:D3}"), CancellationToken.None);
        }

        await b.PullAsync(c);
        var statements = new List<MemberStatement> { MemberStatement.Find(new VolumeTables(b.Metadata, 1), c.Id)! };
        statements.Add(MemberStatement.Sign(b.Volume.Id, b.Identity, b.Volume.Knowledge, MemberSnapshotsOf(b)) with { Snapshots = null });
        PullHeader header = PullHeader.Only(PullStatus.Changes) with { Statements = statements };
        int bytes = MemberSnapshotsOf(b).Encoded.Length + MemberSnapshotsOf(c).Encoded.Length;
        header = await new ListFetch(a.Volume, new MemoryLink(a, b, int.MaxValue), bytes + bytesBeyond).RunAsync(header, CancellationToken.None);
        Assert.Equal(expected, header.Statements!.Count(static statement => statement.Snapshots is not null));
    }

    [Fact]
    public async Task Statements_in_the_form_of_earlier_versions_go_when_the_volume_is_opened()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await world.SettleAsync();
        var batch = new MetadataBatch();
        foreach (Table table in (Table[])[Table.OldMemberStatement, Table.OldMemberStatementWithList]) batch.Put(RowOf(table, volume: 1), [1]);
        batch.Put(RowOf(Table.OldMemberStatement, volume: 2), [1]);
        a.Metadata.Commit(batch);
        await a.RestartAsync();
        Assert.Null(a.Metadata.Get(RowOf(Table.OldMemberStatement, volume: 1)));
        Assert.Null(a.Metadata.Get(RowOf(Table.OldMemberStatementWithList, volume: 1)));
        Assert.NotNull(a.Metadata.Get(RowOf(Table.OldMemberStatement, volume: 2)));
        Assert.NotNull(MemberStatement.Find(new VolumeTables(a.Metadata, 1), b.Id));

        byte[] RowOf(Table table, uint volume) => new VolumeTables(a.Metadata, volume).Key(stackalloc byte[MetadataKey.MaxSize], table).Add(b.Id).Bytes.ToArray();
    }

    [Fact]
    public void Frame_of_a_list_is_as_documented()
    {
        var reference = new SnapshotReference(FileName.Parse("monday"), new SnapshotKey(new ChunkKey([.. Enumerable.Repeat((byte)0xA1, ChunkKey.Size)])), new UnixTime(5, 7), OldestKeyEpoch: 3);
        var list = new MemberSnapshots(0x0102, [reference]);
        string golden = "03" + "0000000000000102" + "01" + "06" + Convert.ToHexStringLower("monday"u8)
            + "2f" + "03" + string.Concat(Enumerable.Repeat("a1", 32)) + "0000000000000005" + "00000007" + "03" + "00";
        Assert.Equal(golden, Convert.ToHexStringLower(ItemFrame.EncodeList(list)));
        MemberSnapshots decoded = ItemFrame.DecodeList(Convert.FromHexString(golden), out _)!;
        Assert.Equal(list.Version, decoded.Version);
        Assert.Equal(list.References, decoded.References);
    }

    private static async Task<long> PullAsync(Replica to, Replica from)
    {
        from.Volume.MayCompressAnswers = false;
        var link = new MemoryLink(to, from, int.MaxValue);
        await to.Volume.PullAsync(link, CancellationToken.None);
        return link.Bytes;
    }

    private static MemberSnapshots MemberSnapshotsOf(Replica replica) => MemberSnapshots.ReadOwn(new VolumeTables(replica.Metadata, 1));

    private static IReadOnlyList<SnapshotReference> ListOf(Replica at, Replica of) => MemberSnapshots.Find(new VolumeTables(at.Metadata, 1), of.Id)!.References;

    private static Knowledge VouchedBy(Replica at, Replica by) => MemberTable.Read(new VolumeTables(at.Metadata, 1), Table.MemberVouch, by.Id);

    /// <summary>Answers requests for lists itself.</summary>
    private sealed class ListLink(IVolumeLink link, byte[][] frames) : IVolumeLink
    {
        public int Asked { get; private set; }

        public PeerId Peer => link.Peer;

        public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
        {
            if (PullRequest.Decode(request.Span).AsksForLists)
            {
                Asked++;
                foreach (byte[] frame in frames) yield return FramePieces.Split(frame, mayCompress: false).Single();
                yield break;
            }

            await foreach (ReadOnlyMemory<byte> piece in link.RequestAsync(request, cancel)) yield return piece;
        }
    }
}
