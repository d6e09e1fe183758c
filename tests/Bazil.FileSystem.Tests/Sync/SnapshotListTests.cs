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
            _ => [[3, 1, 2], ItemFrame.EncodeEnd(1)],
        };
        var link = new ListLink(new MemoryLink(a, b, int.MaxValue), frames);
        if (answer == "damaged") await Assert.ThrowsAsync<SyncException>(() => a.Volume.PullAsync(link, CancellationToken.None));
        else await a.Volume.PullAsync(link, CancellationToken.None);
        Assert.Equal(1, link.Asked);
        Assert.Empty(ListOf(a, b));
        Assert.Equal(before, VouchedBy(a, b));
        Assert.Empty(a.Volume.ReadWords().Heard);

        await a.PullAsync(b);
        Assert.Equal(SnapshotCount, ListOf(a, b).Count);
        Assert.Equal(b.Volume.Knowledge, VouchedBy(a, b));
        Assert.Equal([b.Id], a.Volume.ReadWords().Heard);
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
