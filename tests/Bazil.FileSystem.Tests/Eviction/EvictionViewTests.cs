using Bazil.Core;
using Bazil.FileSystem.Eviction;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Cas;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Eviction;

public sealed class EvictionViewTests
{
    private static readonly string _content = new('c', 100_000), _other = new('o', 100_000);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Member_knows_of_content_when_a_pull_from_it_was_completed_after_it_had_heard_of_it()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("file", _content);
        Assert.False(Knows(a, b, "file"));
        await b.PullAsync(a);
        Assert.False(Knows(a, b, "file")); // it does, and nobody has said so
        await a.PullAsync(b);
        Assert.True(Knows(a, b, "file"));
        Assert.False(Knows(a, c, "file"));

        await a.WriteAsync("file", _other);
        Assert.False(Knows(a, b, "file"));
        await world.SettleAsync();
        Assert.True(Knows(a, b, "file"));
        Assert.True(Knows(b, a, "file"));
        Assert.True(Knows(a, c, "file"));
    }

    [Fact]
    public async Task Attributes_and_places_are_no_content_and_a_stranger_knows_nothing()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", _content);
        await world.SettleAsync();
        Assert.Equal(Errno.OK, a.Chmod("file", 0b110_000_000));
        Assert.Equal(Errno.OK, a.Rename("file", "moved"));
        Assert.True(Knows(a, b, "moved"));
        Assert.False(Knows(a, default(PeerId), "moved"));
    }

    [Fact]
    public async Task Only_what_is_shown_and_lies_in_stores_can_be_evicted()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("large", _content);
        await a.WriteAsync("small", "inline");
        a.MakeDirectory("dir");
        a.MakeSymlink("link", "large");
        EvictionView view = View(a);
        Assert.Equal([a.Find("large")], view.ListFiles().Select(static entry => entry.Content.File));
        Assert.Equal("/large", view.Describe(a.Find("large")));
        Assert.Null(view.Find(a.Find("dir")));
        Assert.Null(view.Find(new InodeId(999_999)));
    }

    [Fact]
    public async Task Last_use_is_the_hour_of_the_last_open_and_survives_a_restart()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        await a.WriteAsync("first", _content);
        await a.WriteAsync("second", _other);
        world.Clock.Advance(TimeSpan.FromHours(5));
        await a.ReadAsync("first");
        FuseHandle handle = a.Volume.Open(a.Find("first"), default).Value;
        await a.CloseAsync(handle);
        a.Volume.SaveUses();
        Dictionary<InodeId, uint> used = Used(a);
        Assert.Equal(5u, used[a.Find("first")] - used[a.Find("second")]);

        world.Clock.Advance(TimeSpan.FromHours(2));
        a.Volume.NoteUse(a.Find("second"));
        await a.RestartAsync();
        used = Used(a);
        Assert.Equal(2u, used[a.Find("second")] - used[a.Find("first")]);

        InodeId gone = a.Find("first");
        Assert.Equal(Errno.OK, a.Unlink("first"));
        Assert.DoesNotContain(gone, Used(a).Keys);
    }

    [Fact]
    public async Task Content_is_walked_from_where_it_is_asked_for()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("shown", _content);
        await a.WriteAsync("conflict", "old");
        await world.SettleAsync();
        await a.WriteAsync("conflict", new string('a', 80_000));
        await b.WriteAsync("conflict", new string('b', 80_000));
        await world.SettleAsync();
        await a.WriteAsync("kept", _other);
        await a.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        Assert.Equal(Errno.OK, a.Unlink("kept"));
        int shown = await CountAsync(a, ContentRoots.Shown), siblings = await CountAsync(a, ContentRoots.Siblings), snapshots = await CountAsync(a, ContentRoots.Snapshots);
        Assert.True(shown > 0 && siblings > 0 && snapshots > shown, $"{shown} {siblings} {snapshots}");
        Assert.Equal(0, await CountAsync(a, ContentRoots.None));
        Assert.Equal(0, await CountAsync(a, ContentRoots.Open | ContentRoots.Working));
    }

    private static async Task<int> CountAsync(Replica replica, ContentRoots from)
    {
        var keys = new HashSet<ChunkKey>();
        await foreach (ReachableChunk chunk in new VolumeReachability(replica.Metadata, 1, [], replica.Keys.Chunks) { From = from }.WalkAsync(Cancel))
        {
            if (chunk is { Type: ChunkType.File, Level: 0 }) keys.Add(chunk.Key);
        }

        return keys.Count;
    }

    private static EvictionView View(Replica replica) => new(replica.Metadata, 1);

    private static bool Knows(Replica at, Replica member, string path) => Knows(at, member.Id, path);

    private static bool Knows(Replica at, PeerId member, string path) => View(at).IsKnownTo(member, View(at).Find(at.Find(path))!);

    private static Dictionary<InodeId, uint> Used(Replica replica) => View(replica).ListFiles().ToDictionary(static entry => entry.Content.File, static entry => entry.UsedHour);
}
