using Bazil.Core;
using Bazil.FileSystem.Checking;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Checking;

public sealed class VolumeCheckTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_whole_volume_is_clean_and_all_of_it_was_read()
    {
        await using CheckedVolume volume = await FilledAsync();
        CheckReport structure = await volume.CheckAsync(0);
        Assert.False(structure.HasLoss);
        Assert.True(structure.ReadCount > 0 && structure.ReadCount < structure.ChunkCount, "pointers and directories are read, data is not");

        CheckReport all = await volume.CheckAsync(100);
        Assert.False(all.HasLoss);
        Assert.Equal(all.ChunkCount, all.ReadCount);
        Assert.True(all.ReadBytes > 300_000);
        CheckReport some = await volume.CheckAsync(50);
        Assert.InRange(some.ReadCount, structure.ReadCount + 1, all.ReadCount - 1);
    }

    [Theory]
    [InlineData("flip", 100, true)]
    [InlineData("flip", 0, false)]
    [InlineData("cut", 100, true)]
    [InlineData("empty", 100, true)]
    [InlineData("empty", 0, true)]
    [InlineData("grow", 0, true)]
    [InlineData("other object", 100, true)]
    [InlineData("delete", 100, true)]
    [InlineData("delete", 0, true)]
    public async Task Damage_of_a_data_chunk_is_found_and_every_path_that_needs_it_is_named(string damage, double readPercent, bool isFound)
    {
        await using CheckedVolume volume = await FilledAsync();
        Damage(volume, (await volume.ObjectsAsync("/dir/file", ChunkType.File, 0))[1], damage);

        CheckReport report = await volume.CheckAsync(readPercent);

        Assert.Equal(isFound, report.HasLoss);
        string[] expected = isFound ? ["/.snap/monday/dir/file", "/.snap/tuesday/dir/file", "/.snap/tuesday/twin", "/dir/file", "/twin"] : [];
        Assert.Equal(expected, report.Lost.Select(path => path.Path).Order());
        Assert.Equal(expected.Length, report.LostPathCount);
        Assert.Equal(isFound && damage == "delete" ? 1 : 0, report.MissingCount);
        Assert.Equal(isFound && damage != "delete" ? 1 : 0, report.DamagedCount);
    }

    [Fact]
    public async Task Damage_of_a_pointer_chunk_names_every_path_too()
    {
        await using CheckedVolume volume = await FilledAsync();
        Damage(volume, (await volume.ObjectsAsync("/dir/file", ChunkType.File, 1)).Single(), "flip");
        CheckReport report = await volume.CheckAsync(0);
        Assert.Equal(["/.snap/monday/dir/file", "/.snap/tuesday/dir/file", "/.snap/tuesday/twin", "/dir/file", "/twin"], report.Lost.Select(path => path.Path).Order());
        Assert.Equal(1, report.DamagedCount);
    }

    [Fact]
    public async Task Damage_of_a_directory_of_a_snapshot_names_the_directory()
    {
        await using CheckedVolume volume = await FilledAsync();
        Damage(volume, (await volume.ObjectsAsync("/.snap/monday/dir", ChunkType.Directory, 0)).Single(), "flip");
        CheckReport report = await volume.CheckAsync(0);
        Assert.Equal(["/.snap/monday/dir", "/.snap/tuesday/dir"], report.Lost.Select(path => path.Path).Order());
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("empty")]
    public async Task Damage_is_healed_from_another_store_and_the_next_check_is_clean(string damage)
    {
        await using CheckedVolume volume = await FilledAsync();
        foreach (byte level in (byte[])[0, 1]) Damage(volume, (await volume.ObjectsAsync("/dir/file", ChunkType.File, level))[0], damage);
        Damage(volume, (await volume.ObjectsAsync("/.snap/monday/dir", ChunkType.Directory, 0)).Single(), damage);

        CheckReport report = await volume.CheckAsync(100, new UnreachableStore(), volume.Good);
        Assert.False(report.HasLoss);
        Assert.Equal(3, report.HealedCount);

        CheckReport next = await volume.CheckAsync(100);
        Assert.False(next.HasLoss);
        Assert.Equal(0, next.HealedCount);
    }

    [Fact]
    public async Task What_is_only_in_another_store_is_no_damage_and_nothing_is_fetched()
    {
        await using CheckedVolume volume = await FilledAsync();
        ObjectId id = (await volume.ObjectsAsync("/dir/file", ChunkType.File, 0))[0];
        string path = volume.PathOf(id);
        File.Delete(path);
        CheckReport report = await volume.CheckAsync(100, volume.Good);
        Assert.False(report.HasLoss);
        Assert.True(report.ElsewhereCount > 0);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task What_cannot_be_looked_for_is_told_apart_from_what_is_missing()
    {
        await using CheckedVolume volume = await FilledAsync();
        File.Delete(volume.PathOf((await volume.ObjectsAsync("/whole", ChunkType.File, 0))[0]));
        CheckReport report = await volume.CheckAsync(0, new UnreachableStore());
        Assert.False(report.HasLoss);
        Assert.True(report.UnknownCount > 0);
        Assert.Equal("/whole", report.Unreached[0].Path);
        Assert.Contains("store far is off", report.Unreached[0].Reason);
    }

    [Fact]
    public async Task A_forged_copy_elsewhere_heals_nothing()
    {
        await using CheckedVolume volume = await FilledAsync();
        ObjectId id = (await volume.ObjectsAsync("/whole", ChunkType.File, 0))[0];
        Damage(volume, id, "flip");
        var forger = new MemoryObjectStore("forger");
        await forger.PutAsync(id, new byte[5000], Cancel);
        CheckReport report = await volume.CheckAsync(100, forger);
        Assert.Equal(1, report.DamagedCount);
        Assert.Contains("/whole", report.Lost.Select(path => path.Path));
    }

    [Fact]
    public async Task Every_flipped_bit_of_an_object_is_found()
    {
        await using CheckedVolume volume = await CheckedVolume.CreateAsync();
        await volume.Replica.WriteAsync("file", string.Concat(Enumerable.Range(0, 5_000)));
        await volume.Replica.WriteAsync("file", new string('x', 4_200));
        await volume.StoreAsync();
        string path = volume.PathOf((await volume.ObjectsAsync("/file", ChunkType.File, 0)).Single());
        byte[] whole = File.ReadAllBytes(path);
        for (int bit = 0; bit < Math.Min(whole.Length, 120) * 8; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, flipped);
            Assert.Equal(["/file"], (await volume.CheckAsync(100)).Lost.Select(lost => lost.Path));
        }
    }

    [Fact]
    public async Task Slices_of_a_check_cover_every_data_chunk_once()
    {
        await using CheckedVolume volume = await FilledAsync();
        CheckReport whole = await volume.CheckAsync(100);
        CheckReport none = await volume.CheckAsync(new CheckOptions { ReadPercent = 100, Includes = _ => false }, []);
        long dataCount = 0;
        for (int slice = 0; slice < 4; slice++)
        {
            int current = slice;
            CheckReport part = await volume.CheckAsync(new CheckOptions { ReadPercent = 100, Includes = key => key.Span[0] % 4 == current }, []);
            dataCount += part.ReadCount - none.ReadCount;
        }

        Assert.Equal(whole.ReadCount - none.ReadCount, dataCount);
    }

    /// <summary>A file, one with the same content, two snapshots of both, and a file that shares nothing.</summary>
    private static async Task<CheckedVolume> FilledAsync()
    {
        CheckedVolume volume = await CheckedVolume.CreateAsync();
        volume.Replica.MakeDirectory("dir");
        await volume.Replica.WriteAsync("dir/file", Text('f', 300_000));
        await volume.Replica.WriteAsync("whole", Text('w', 300_000));
        await volume.Replica.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        await volume.Replica.WriteAsync("twin", Text('f', 300_000));
        await volume.Replica.Volume.TakeSnapshotAsync(FileName.Parse("tuesday"), Cancel);
        Assert.Equal(Unix.Errno.OK, volume.Replica.Unlink("whole"));
        await volume.Replica.WriteAsync("whole", Text('w', 300_000));
        await volume.StoreAsync();
        return volume;
    }

    private static void Damage(CheckedVolume volume, ObjectId id, string damage)
    {
        string path = volume.PathOf(id);
        byte[] bytes = File.ReadAllBytes(path);
        switch (damage)
        {
            case "flip":
                bytes[bytes.Length / 2] ^= 0x10;
                File.WriteAllBytes(path, bytes);
                break;
            case "cut":
                File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "grow":
                File.WriteAllBytes(path, [.. bytes, .. new byte[5_000_000]]);
                break;
            case "other object":
                File.Copy(Directory.GetFiles(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(path)))!, "*", SearchOption.AllDirectories).First(other => other != path), path, overwrite: true);
                break;
            default:
                File.Delete(path);
                break;
        }
    }

    private static string Text(char letter, int length) => string.Concat(Enumerable.Range(0, length / 10).Select(number => $"{letter}{number,9}"));
}
