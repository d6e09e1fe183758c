using System.Buffers;
using System.Text.Json;
using Bazil.Core;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>A data directory of an older version, which kept one file for each object.</summary>
public sealed class StoreConversionTests : EndToEndTest
{
    [Fact]
    public async Task Objects_of_an_older_version_are_read_and_moved_while_the_volume_is_mounted()
    {
        await MountAsync(White);
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/one; head -c 2000000 /dev/urandom >mnt/two; mkdir mnt/.snap/monday");
        string sums = await White.ShellAsync("sha256sum mnt/one mnt/two mnt/.snap/monday/two");
        Assert.Equal(0, await White.StopServerAsync());
        await MakeOldAsync();
        await White.StartServerAsync();
        Assert.Equal(sums, await White.ShellAsync("sha256sum mnt/one mnt/two mnt/.snap/monday/two"));
        Assert.Contains("store convert", await White.RunAsync("store show"));
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/three");
        string three = await White.ShellAsync("sha256sum mnt/three");

        Task<string> reading = White.ShellAsync("for i in 1 2 3 4 5; do sha256sum mnt/one mnt/two mnt/.snap/monday/two; done");
        using JsonDocument moved = JsonDocument.Parse(await White.RunAsync("store convert --json"));

        Assert.Equal(string.Concat(Enumerable.Repeat(sums + "\n", 5)).TrimEnd(), await reading);
        Assert.True(moved.RootElement.GetProperty("objects").GetInt64() > 30);
        Assert.Equal(0, moved.RootElement.GetProperty("leftObjects").GetInt64());
        Assert.False(Directory.Exists(White.DataDirectory + "/chunks"));
        Assert.DoesNotContain("bazil store convert", await White.RunAsync("store show"));
        Assert.Contains("no damage", await White.RunAsync("check --read-data"));
        Assert.Equal(0, await White.StopServerAsync());
        await White.StartServerAsync();
        Assert.Equal(sums, await White.ShellAsync("sha256sum mnt/one mnt/two mnt/.snap/monday/two"));
        Assert.Equal(three, await White.ShellAsync("sha256sum mnt/three"));
        Assert.Contains("moved 0 objects", await White.RunAsync("store convert"));
    }

    /// <summary>Brings the store of a stopped server into the form that an older version would have left.</summary>
    private async Task MakeOldAsync()
    {
        string objects = White.DataDirectory + "/objects";
        await using (ArenaStore arena = ArenaStore.Open("local", objects, new ArenaOptions()))
        await using (FilesObjectStore files = FilesObjectStore.Open("local", White.DataDirectory + "/chunks"))
        {
            await foreach (ObjectId id in arena.ListAsync(Cancel))
            {
                using IMemoryOwner<byte> bytes = (await arena.GetAsync(id, Cancel))!;
                await files.PutAsync(id, bytes.Memory, Cancel);
            }
        }

        Directory.Delete(objects, recursive: true);
    }
}
