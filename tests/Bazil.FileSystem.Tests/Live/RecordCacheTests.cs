using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>The cache of records takes the memory it says, and never more than it may.</summary>
public sealed class RecordCacheTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task Cached_records_are_counted_for_what_they_take(int contentBytes)
    {
        const int count = 5000;
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("an-ordinary-file-name", new string('x', contentBytes));
        byte[] row = NodeCodec.EncodeRow(new WireWriter(), new VolumeStore(replica.Metadata, 1, world.Entropy, replica.Id).Read(replica.Find("an-ordinary-file-name"))!, 0);

        // In a process of its own: the tests beside this one use the same heap.
        using ChildProcess child = ChildProcess.Start("record-cache", Convert.ToHexString(row), $"{count}");
        long[] said = [.. (await child.Output.ReadToEndAsync(TestContext.Current.CancellationToken)).Split(' ').Select(long.Parse)];
        (long taken, long counted) = (said[1], said[2]);
        Assert.Equal(count, said[0]);
        Assert.True(counted >= taken * 0.8 && counted <= taken * 1.3, $"a record takes {taken / count} bytes and is counted as {counted / count}");
    }

    [Fact]
    public void Bound_holds_and_what_is_used_stays()
    {
        var cache = new RecordCache(100 * 1024);
        NodeRecord used = Record(1);
        cache.Set(used);
        for (ulong inode = 2; inode < 5000; inode++)
        {
            cache.Set(Record(inode));
            Assert.Same(used, cache.Find(new InodeId(1)));
            Assert.InRange(cache.UsedBytes, 1, cache.BytesMax);
        }

        Assert.Null(cache.Find(new InodeId(2)));
        Assert.NotNull(cache.Find(new InodeId(4999)));
    }

    [Fact]
    public void Nothing_is_left_after_clearing()
    {
        var cache = new RecordCache(100 * 1024);
        NodeRecord record = Record(1);
        cache.Set(record);
        Assert.Equal(record.Inode, cache.FindInode(record.Id));
        cache.Clear();
        Assert.Equal((0, 0L, default), (cache.Count, cache.UsedBytes, cache.FindInode(record.Id)));
        cache.Remove(record.Inode);
        cache.Set(record);
        Assert.Same(record, cache.Find(record.Inode));
    }

    [Fact]
    public void Nothing_is_left_of_records_that_were_removed()
    {
        var cache = new RecordCache(100 * 1024);
        for (ulong inode = 1; inode < 100_000; inode++)
        {
            cache.Set(Record(inode));
            cache.Remove(new InodeId(inode));
        }

        Assert.Equal((0, 0L), (cache.Count, cache.UsedBytes));
        cache.Remove(new InodeId(7));
    }

    private static NodeRecord Record(ulong inode) => new(new NodeId(new Core.Version(inode, new ReplicaId(1))), NodeKind.File, new InodeId(inode))
    {
        Content = Facet<ContentValue>.Empty.With(new Core.Version(inode, new ReplicaId(1)), ContentValue.Inline(Encoding.ASCII.GetBytes("content"), default)),
    };
}
