using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Reachability;

/// <summary>What is new since a mark: nothing is left out, and nothing else is looked at.</summary>
public sealed class ContentMarkTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_what_changed_since_the_mark_is_walked_and_marks_together_cover_everything()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("old", Text('o'));
        await a.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        (ContentMark mark, List<string> first) = await WalkAsync(world, a, ContentMark.None);
        Assert.Contains("/old", first);
        Assert.Contains("/.snap/monday", first);

        await b.PullAsync(a);
        await b.WriteAsync("pulled", Text('p'));
        await a.PullAsync(b);
        await a.WriteAsync("new", Text('n'));
        await a.Volume.TakeSnapshotAsync(FileName.Parse("tuesday"), Cancel);
        (mark, List<string> second) = await WalkAsync(world, a, mark);
        Assert.Contains("/pulled", second);
        Assert.Contains("/new", second);
        Assert.Contains("/.snap/tuesday", second);
        Assert.DoesNotContain("/old", second);
        Assert.DoesNotContain("/.snap/monday", second);

        Assert.Empty((await WalkAsync(world, a, mark)).Origins);
        await a.WriteAsync("old", Text('x'));
        Assert.Equal(["/old"], (await WalkAsync(world, a, mark)).Origins.Distinct());
    }

    [Fact]
    public async Task Snapshot_of_an_unchanged_tree_is_told_and_counted_until_a_mark_covers_it()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        await a.WriteAsync("file", Text('f'));
        ContentMark mark = (await WalkAsync(world, a, ContentMark.None)).Mark;
        Assert.Equal(0, a.Volume.CountBeyond(mark, 10));
        int told = 0;
        a.Volume.RowsChanged += () => Interlocked.Increment(ref told);
        await a.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        Assert.True(Volatile.Read(ref told) > 0);
        Assert.Equal(1, a.Volume.CountBeyond(mark, 10));
        await a.WriteAsync("file", Text('g'));
        Assert.Equal(2, a.Volume.CountBeyond(mark, 10));
        Assert.Equal(1, a.Volume.CountBeyond(mark, 1));

        // Another name for the same content, and one that is gone, are nothing to copy.
        mark = (await WalkAsync(world, a, mark)).Mark;
        Assert.Equal(0, a.Volume.CountBeyond(mark, 10));
        Assert.Equal(Errno.OK, a.Volume.RenameSnapshot(FileName.Parse("monday"), FileName.Parse("kept")));
        Assert.Equal(0, a.Volume.CountBeyond(mark, 10));
        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("kept")));
        Assert.Equal(0, a.Volume.CountBeyond(mark, 10));
    }

    [Fact]
    public async Task Mark_is_read_back_and_a_damaged_one_is_refused()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        await a.WriteAsync("file", Text('f'));
        await a.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        ContentMark mark = (await WalkAsync(world, a, ContentMark.None)).Mark;
        var writer = new WireWriter();
        mark.Write(writer);
        byte[] bytes = writer.ToArray();
        Assert.Equal(mark, Read(bytes));
        for (int length = 0; length < bytes.Length; length++) Assert.Throws<WireFormatException>(() => Read(bytes[..length]));
        bytes[0] = 2;
        Assert.Contains("format 2", Assert.Throws<WireFormatException>(() => Read(bytes)).Message, StringComparison.Ordinal);
    }

    private static ContentMark Read(byte[] bytes)
    {
        var reader = new WireReader(bytes, "mark");
        ContentMark mark = ContentMark.Read(ref reader);
        reader.ExpectEnd();
        return mark;
    }

    private static async Task<(ContentMark Mark, List<string> Origins)> WalkAsync(World world, Replica replica, ContentMark beyond)
    {
        using IMetadataSnapshot view = replica.Metadata.Snapshot();
        var walk = new VolumeReachability(view, 1, [], new ConvergentChunkStore(world.SharingKey, world.Objects)) { Beyond = beyond, From = ContentRoots.All & ~ContentRoots.Working };
        var origins = new List<string>();
        await foreach (ReachableChunk chunk in walk.WalkAsync(Cancel)) origins.Add(chunk.Origin.Describe());
        return (ContentMark.Of(view, 1), origins);
    }

    private static string Text(char letter) => new(letter, 60_000);
}
