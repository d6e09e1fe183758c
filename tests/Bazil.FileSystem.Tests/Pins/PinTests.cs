using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Pins;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Pins;

public sealed class PinTests
{
    [Fact]
    public async Task Pinned_directory_has_all_that_comes_into_it_also_from_others_and_keeps_it_when_it_moves()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("dir");
        await b.PullAsync(a);
        Assert.True(b.Volume.Pin(Path("dir")));
        Assert.True(Volume.HasPins(b.Metadata, 1));
        await a.WriteAsync("dir/later", "1");
        a.MakeDirectory("dir/sub");
        await a.WriteAsync("dir/sub/deep", "2");
        await a.WriteAsync("beside", "3");
        await b.PullAsync(a);
        Assert.Equal(["/dir/later", "/dir/sub/deep"], Pinned(b));

        Assert.Equal(Errno.OK, a.Rename("dir", "moved"));
        Assert.Equal(Errno.OK, a.Rename("moved/later", "out"));
        await b.PullAsync(a);
        Assert.Equal(["/moved/sub/deep"], Pinned(b));
        Assert.Equal("/moved", Assert.Single(b.Volume.ListPins()).Path);

        Assert.Null(b.Volume.Unpin(Path("dir")));
        Assert.False(b.Volume.Unpin(Path("moved/sub")));
        Assert.True(b.Volume.Unpin(Path("moved")));
        Assert.Empty(Pinned(b));
        Assert.False(Volume.HasPins(b.Metadata, 1));
    }

    [Fact]
    public async Task Pattern_stays_where_it_is_and_takes_what_comes_there()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        Assert.True(PinPattern.TryParse("photos/2*/**/*.jpg", out PinPattern? pattern));
        Assert.True(PinPattern.TryParse("music", out PinPattern? all));
        a.Volume.Pin(pattern);
        a.Volume.Pin(all);
        Assert.Empty(Pinned(a));
        foreach (string directory in (string[])["photos", "photos/2024", "photos/2024/may", "photos/old", "music"]) a.MakeDirectory(directory);
        foreach (string file in (string[])["photos/2024/a.jpg", "photos/2024/may/b.jpg", "photos/2024/c.png", "photos/old/d.jpg", "music/e", "f.jpg"]) await a.WriteAsync(file, "x");
        Assert.Equal(["/music/e", "/photos/2024/a.jpg", "/photos/2024/may/b.jpg"], Pinned(a));

        Assert.Equal(Errno.OK, a.Rename("photos/old", "photos/2003"));
        Assert.Equal(Errno.OK, a.Rename("music", "sounds"));
        Assert.Equal(["/photos/2003/d.jpg", "/photos/2024/a.jpg", "/photos/2024/may/b.jpg"], Pinned(a));
        Assert.True(a.Volume.Unpin(pattern));
        Assert.False(a.Volume.Unpin(pattern));
        Assert.Empty(Pinned(a));
    }

    [Fact]
    public async Task Pins_are_there_after_a_restart_and_after_a_power_cut_and_a_deleted_file_is_told()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        await a.WriteAsync("file", "1");
        await a.Volume.SyncAsync(CancellationToken.None);
        Assert.True(a.Volume.Pin(Path("file")));
        a.PowerCut(world.Random);
        Assert.Equal(["/file"], Pinned(a));
        await a.RestartAsync();
        Assert.Equal(["/file"], Pinned(a));

        Assert.Equal(Errno.OK, a.Unlink("file"));
        Assert.Empty(Pinned(a));
        Pin gone = Assert.Single(a.Volume.ListPins());
        Assert.True(gone.IsGone);
    }

    [Fact]
    public async Task Pin_of_what_is_not_there_is_refused_and_the_whole_volume_can_be_pinned()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        await a.WriteAsync("file", "1");
        Assert.False(a.Volume.Pin(Path("missing")));
        Assert.False(a.Volume.Pin(Path("file/below")));
        Assert.True(a.Volume.Pin([]));
        Assert.Equal(["/file"], Pinned(a));
        Assert.Equal("/", Assert.Single(a.Volume.ListPins()).Path);
    }

    [Fact]
    public async Task Both_files_of_one_name_and_both_directories_shown_as_one_are_pinned()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        foreach (Replica replica in (Replica[])[a, b])
        {
            replica.MakeDirectory("dir");
            await replica.WriteAsync($"dir/{replica.Name}", replica.Name);
        }

        await world.SettleAsync();
        Assert.True(a.Volume.Pin(Path("dir")));
        Assert.Equal(2, a.Volume.ListPinnedFiles().Distinct().Count());
    }

    private static FileName[] Path(string path) => [.. path.Split('/').Select(FileName.Parse)];

    private static string[] Pinned(Replica replica)
    {
        var paths = replica.Tree().Keys.Select(static path => path.Split(' ')[0]).ToList();
        HashSet<InodeId> files = [.. replica.Volume.ListPinnedFiles()];
        return [.. paths.Where(path => replica.TryFind(path.Trim('/')) is { } inode && files.Contains(inode)).Select(static path => "/" + path.Trim('/')).Distinct().Order(StringComparer.Ordinal)];
    }
}
