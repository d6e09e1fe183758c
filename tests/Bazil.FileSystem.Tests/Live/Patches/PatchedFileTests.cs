using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>Small synced changes to large files: kept as patches by whatever happens, published soon, and gone then.</summary>
public sealed class PatchedFileTests
{
    private const int Chunk = 128 * 1024;
    private static readonly Random _random = new(7);
    private static readonly string _content = Convert.ToHexString(Noise(Chunk + 5000));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What is done to the file that has patches; gives what its content is then, or null when it is gone, at "f" unless it says another name.</summary>
    public static TheoryData<string> Operations => new("nothing", "close", "truncate", "truncate by name", "extend", "punch", "rename", "replace another", "unlink", "link", "copy", "times", "snapshot", "collect", "large write", "settle", "peer pulls", "rotate");

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Patched_file_is_right_after_power_cut_restart_and_publishing(string operation)
    {
        foreach (string end in (string[])["cut", "restart", "cut, settled", "settled, cut"])
        {
            var objects = new LossyObjectStore();
            await using World world = await World.CreateAsync(operation == "peer pulls" ? 2 : 1, 1, objects);
            Replica replica = world.Replicas[0];
            await replica.WriteAsync("f", _content);
            await replica.WriteAsync("other", "other");
            await replica.Volume.SyncAsync(Cancel);
            FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
            await replica.WriteAsync(handle, 1000, "patched");
            await replica.FsyncAsync(handle);
            Assert.Equal(1, replica.PatchCount());

            var expected = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["f"] = Patched(_content, 1000, "patched"), ["other"] = "other" };
            await DoAsync(world, replica, handle, operation, expected);
            await replica.Volume.SyncAsync(Cancel);
            if (end == "settled, cut") await replica.Volume.SettlePatchesAsync(Cancel);
            if (end == "settled, cut") await replica.Volume.SyncAsync(Cancel);
            if (end != "restart") await objects.CutPowerAsync(new Random(2));
            if (end == "restart") await replica.RestartAsync();
            else replica.PowerCut(new Random(3));
            if (end == "cut, settled") await replica.Volume.SettlePatchesAsync(Cancel);
            if (end is "cut, settled" or "restart") Assert.Equal(0, replica.PatchCount());

            await AssertContentsAsync(replica, expected, $"{operation}, {end}");
            await replica.Volume.SettlePatchesAsync(Cancel);
            Assert.Equal(0, replica.PatchCount());
            await AssertContentsAsync(replica, expected, $"{operation}, {end}, published");
        }
    }

    [Fact]
    public async Task Fsync_of_a_small_change_seals_nothing_and_syncs_no_content()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", _content);
        await replica.Volume.SyncAsync(Cancel);
        int syncs = objects.SyncCount, stored = objects.PutCount;
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        for (int change = 0; change < 20; change++)
        {
            await replica.WriteAsync(handle, change * 9000, "changed");
            await replica.FsyncAsync(handle);
            Assert.Equal(0, replica.Metadata.UnsyncedCount);
        }

        await replica.CloseAsync(handle);
        Assert.Equal((syncs, stored), (objects.SyncCount, objects.PutCount));
        Assert.Equal(20, replica.PatchCount());
        await replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(syncs + 1, objects.SyncCount);
        Assert.Empty(replica.UndoRows());
    }

    [Fact]
    public async Task Fsync_of_a_file_in_its_record_syncs_no_content_and_patches_nothing()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        int syncs = objects.SyncCount;
        FuseHandle handle = await replica.OpenForWritingAsync("f");
        await replica.WriteAsync(handle, "small");
        await replica.FsyncAsync(handle);
        Assert.Equal((0, 0, syncs), (replica.Metadata.UnsyncedCount, replica.PatchCount(), objects.SyncCount));
        await replica.CloseAsync(handle);
    }

    [Fact]
    public async Task Patch_beside_content_that_is_not_synced_syncs_it_too()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", _content);
        await replica.WriteAsync("g", Convert.ToHexString(Noise(5000)));
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        await replica.WriteAsync(handle, 1000, "patched");
        await replica.FsyncAsync(handle);
        Assert.Equal(1, replica.PatchCount());
        Assert.Equal(0, await objects.CutPowerAsync(new Random(1)));
        replica.PowerCut(new Random(1));
        Assert.Equal(Patched(_content, 1000, "patched"), await replica.ReadAsync("f"));
    }

    [Fact]
    public async Task Publishing_that_is_lost_with_the_power_brings_the_patches_back()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var objects = new LossyObjectStore();
            await using World world = await World.CreateAsync(1, seed, objects);
            Replica replica = world.Replicas[0];
            await replica.WriteAsync("f", _content);
            await replica.Volume.SyncAsync(Cancel);
            FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
            await replica.WriteAsync(handle, 1000, "patched");
            await replica.FsyncAsync(handle);

            // Too large for a patch, and so published at the close, without a sync.
            await replica.WriteAsync(handle, 0, new string('x', Limits.PatchBytesMax + 1));
            await replica.CloseAsync(handle);
            Assert.Equal(0, replica.PatchCount());
            replica.Metadata.Sync(); // the database does so when it likes
            if (await objects.CutPowerAsync(new Random(seed)) == 0) continue;
            replica.PowerCut(new Random(1));
            Assert.Equal(1, replica.PatchCount());
            Assert.Equal(Patched(_content, 1000, "patched"), await replica.ReadAsync("f"));
        }
    }

    [Fact]
    public async Task Patches_are_bounded_and_what_is_beyond_is_published()
    {
        await using World world = await World.CreateAsync(1, 1, new LossyObjectStore());
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", _content);
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        string expected = _content;
        int most = 0;
        for (int change = 0; change < (Limits.PatchedFileBytesMax / Chunk) + 5; change++)
        {
            string text = new((char)('a' + (change % 26)), Chunk);
            await replica.WriteAsync(handle, change, text);
            await replica.FsyncAsync(handle);
            expected = Patched(expected, change, text);
            most = Math.Max(most, replica.PatchCount());
        }

        Assert.InRange(most, (Limits.PatchedFileBytesMax / Chunk) - 1, Limits.PatchedFileBytesMax / Chunk);
        await replica.WriteAsync(handle, 0, "early");
        await replica.FsyncAsync(handle);
        Assert.NotEqual(0, replica.PatchCount());
        expected = Patched(expected, 0, "early");
        world.Clock.Advance(Limits.PatchAgeMax + TimeSpan.FromSeconds(1));
        await replica.WriteAsync(handle, 0, "late");
        await replica.FsyncAsync(handle);
        Assert.Equal(0, replica.PatchCount());
        replica.PowerCut(new Random(1));
        Assert.Equal(Patched(expected, 0, "late"), await replica.ReadAsync("f"));
    }

    [Fact]
    public async Task Many_patched_files_are_bounded_too()
    {
        await using World world = await World.CreateAsync(1, 1, new LossyObjectStore());
        Replica replica = world.Replicas[0];
        for (int number = 0; number < Limits.PatchedFilesMax + 5; number++)
        {
            FuseHandle handle = await replica.OpenForWritingAsync($"f{number}");
            await replica.WriteAsync(handle, new string('x', 5000));
            await replica.FsyncAsync(handle);
            await replica.CloseAsync(handle);
        }

        Assert.Equal(Limits.PatchedFilesMax, replica.PatchCount());
        replica.PowerCut(new Random(1));
        for (int number = 0; number < Limits.PatchedFilesMax + 5; number++) Assert.Equal(5000, (await replica.ReadAsync($"f{number}")).Length);
        await replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(0, replica.PatchCount());
    }

    [Fact]
    public async Task Content_that_cannot_be_stored_stays_patched_until_it_can()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", _content);
        await replica.Volume.SyncAsync(Cancel);
        objects.IsFull = true;
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        await replica.WriteAsync(handle, 1000, "patched");
        await replica.FsyncAsync(handle);
        await replica.CloseAsync(handle);
        await replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(1, replica.PatchCount());
        Assert.Equal(Patched(_content, 1000, "patched"), await replica.ReadAsync("f"));
        replica.PowerCut(new Random(1));
        await replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(1, replica.PatchCount());
        objects.IsFull = false; // somebody made room
        await replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(0, replica.PatchCount());
        Assert.Equal(Patched(_content, 1000, "patched"), await replica.ReadAsync("f"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Small_writes_above_a_chunk_that_cannot_be_read_wait_in_rows_until_it_can(bool isSynced)
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", _content);
        await replica.Volume.SyncAsync(Cancel);
        await replica.RestartAsync(); // nothing of it is in memory
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        await replica.WriteAsync(handle, 1000, "patched");
        objects.IsUnreadable = true;
        if (isSynced)
        {
            await replica.FsyncAsync(handle);
            await replica.Volume.SettlePatchesAsync(Cancel);
            world.Clock.Advance(Limits.PatchAgeMax * 2);
            await replica.WriteAsync(handle, 1007, " twice");
            await replica.FsyncAsync(handle);
        }

        await replica.CloseAsync(handle);
        await replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(isSynced ? 2 : 1, replica.PatchCount());
        replica.Metadata.Sync();
        objects.IsUnreadable = false;
        replica.PowerCut(new Random(1));
        string expected = Patched(_content, 1000, isSynced ? "patched twice" : "patched");
        Assert.Equal(expected, await replica.ReadAsync("f"));
        await replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(0, replica.PatchCount());
        Assert.Equal(expected, await replica.ReadAsync("f"));
    }

    [Fact]
    public async Task Missing_patch_is_damage()
    {
        await using World world = await World.CreateAsync(1, 1, new LossyObjectStore());
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", _content);
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        for (int change = 0; change < 3; change++)
        {
            await replica.WriteAsync(handle, change * 1000, $"patch {change}");
            await replica.FsyncAsync(handle);
        }

        var tables = new VolumeTables(replica.Metadata, 1);
        var batch = new MetadataBatch();
        batch.Delete(PatchRows.KeyOf(tables, replica.Find("f"), 1));
        replica.Metadata.Commit(batch);
        replica.Metadata.Sync();
        WireFormatException error = Assert.Throws<WireFormatException>(() => replica.PowerCut(new Random(1)));
        Assert.Contains("number 1 is missing", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, PatchRows.DropLoose(replica.Metadata, tables));
        replica.Metadata.Sync();
        replica.PowerCut(new Random(1));
        Assert.Equal(Patched(_content, 0, "patch 0"), await replica.ReadAsync("f"));
    }

    private static async Task DoAsync(World world, Replica replica, FuseHandle handle, string operation, SortedDictionary<string, string> expected)
    {
        InodeId inode = replica.Find("f");
        string before = expected["f"];
        switch (operation)
        {
            case "nothing":
                break;
            case "close":
                await replica.WriteAsync(handle, 50, "before the close");
                await replica.CloseAsync(handle);
                expected["f"] = Patched(before, 50, "before the close");
                break;
            case "truncate":
                Assert.Equal(Errno.OK, await replica.Volume.TruncateAsync(inode, 9000, handle, Cancel));
                Assert.Equal(Errno.OK, await replica.Volume.TruncateAsync(inode, 12000, handle, Cancel));
                await replica.FsyncAsync(handle);
                expected["f"] = before[..9000] + new string('\0', 3000);
                break;
            case "truncate by name":
                Assert.Equal(Errno.OK, await replica.Volume.TruncateAsync(inode, 9000, null, Cancel));
                expected["f"] = before[..9000];
                break;
            case "extend":
                await replica.WriteAsync(handle, before.Length + 5000, "behind the end");
                await replica.FsyncAsync(handle);
                expected["f"] = before + new string('\0', 5000) + "behind the end";
                break;
            case "punch":
                Assert.Equal(Errno.OK, await replica.Volume.AllocateAsync(handle, 500, 1000, AllocateModes.PunchHole | AllocateModes.KeepSize, Cancel));
                await replica.FsyncAsync(handle);
                expected["f"] = Patched(before, 500, new string('\0', 1000));
                break;
            case "rename":
                Assert.Equal(Errno.OK, replica.Rename("f", "g"));
                expected.Remove("f");
                expected["g"] = before;
                break;
            case "replace another":
                await replica.CloseAsync(handle);
                Assert.Equal(Errno.OK, replica.Rename("f", "other"));
                expected.Remove("f");
                expected["other"] = before;
                break;
            case "unlink":
                await replica.CloseAsync(handle);
                Assert.Equal(Errno.OK, replica.Unlink("f"));
                Assert.Equal(0, replica.PatchCount());
                expected.Remove("f");
                break;
            case "link":
                Assert.Equal(Errno.OK, replica.Link("f", "g"));
                Assert.Equal(Errno.OK, replica.Unlink("f"));
                expected.Remove("f");
                expected["g"] = before;
                break;
            case "copy":
                FuseHandle target = await replica.OpenForWritingAsync("g");
                Assert.Equal(before.Length, (await replica.Volume.CopyRangeAsync(new FileRange(default, handle, 0), new FileRange(default, target, 0), before.Length, Cancel)).Value);
                await replica.FsyncAsync(target);
                await replica.CloseAsync(target);
                expected["g"] = before;
                break;
            case "times":
                Assert.True(replica.Volume.SetAttributes(inode, new AttributeChanges { Fields = AttributeField.ModificationTime, ModificationTime = new UnixTime(1234, 5) }).HasValue);
                Assert.True(replica.Volume.SetAttributes(inode, new AttributeChanges { Fields = AttributeField.ModificationTime, ModificationTime = new UnixTime(77, 5) }).HasValue);
                Assert.Equal(2, replica.PatchCount());
                break;
            case "snapshot":
                Assert.Equal(Errno.OK, await replica.Volume.TakeSnapshotAsync(FileName.Parse("s"), Cancel));
                break;
            case "collect":
                Assert.NotEmpty(await replica.Volume.ListHeldContentAsync(Cancel));
                break;
            case "large write":
                await replica.WriteAsync(handle, 0, new string('x', Limits.PatchBytesMax + 1));
                await replica.FsyncAsync(handle);
                expected["f"] = Patched(before, 0, new string('x', Limits.PatchBytesMax + 1));
                break;
            case "settle":
                await replica.Volume.SettlePatchesAsync(Cancel);
                await replica.WriteAsync(handle, 70, "again");
                await replica.FsyncAsync(handle);
                expected["f"] = Patched(before, 70, "again");
                break;
            case "peer pulls":
                await world.Replicas[1].PullAsync(replica);
                Assert.Equal(before, await world.Replicas[1].ReadAsync("f"));
                break;
            case "rotate":
                replica.Rotate();
                while (await replica.ResealAsync() && replica.PatchCount() > 0) await replica.Volume.SettlePatchesAsync(Cancel);
                break;
            default:
                throw new InvariantException(operation);
        }
    }

    private static async Task AssertContentsAsync(Replica replica, SortedDictionary<string, string> expected, string context)
    {
        foreach (string name in (string[])["f", "g", "other"])
        {
            Assert.True(replica.Exists(name) == expected.ContainsKey(name), $"{context}: {name}");
            if (!expected.TryGetValue(name, out string? content)) continue;
            Assert.True(content == await replica.ReadAsync(name), $"{context}: {name} has other content");
            if (context.StartsWith("times", StringComparison.Ordinal) && name == "f") Assert.Equal(new UnixTime(77, 5), replica.Stat(name).ModificationTime);
        }
    }

    private static string Patched(string content, int offset, string text)
    {
        var changed = new StringBuilder(content.PadRight(offset, '\0'));
        changed.Remove(offset, Math.Min(text.Length, changed.Length - offset));
        return changed.Insert(offset, text).ToString();
    }

    private static byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }
}
