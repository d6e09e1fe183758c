using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Content that is damaged behind the server's back is found, named, and healed.</summary>
public sealed class CheckTests : EndToEndTest
{
    private const int DamageCode = 3;

    [Fact]
    public async Task Damaged_object_is_found_and_named_and_healed_from_a_second_storage()
    {
        await PrepareAsync();
        Assert.Contains("no damage", await White.RunAsync("check"));
        Assert.Contains("no damage", await White.RunAsync("check -read-data myfiles"));
        await White.ShellAsync("cp -r disk spare && rm -f spare/lock && rm -rf spare/tmp/*");

        await DamageAllAsync();
        ChildProcess.Result broken = await White.TryAsync("check --read-data");
        Assert.Equal(DamageCode, broken.Code);
        Assert.Contains("damaged: /dir/big", broken.Output);
        Assert.Contains("damaged: /.snap/monday/dir/big", broken.Output);
        Assert.Contains("is corrupt", broken.Error);
        Assert.DoesNotContain("small", broken.Output);
        Assert.Contains("check:", await White.RunAsync("status"));
        Assert.Contains("damaged or missing content in 2 files", await White.RunAsync("status"));

        await White.RunAsync($"volume storage add myfiles spare {White.Directory}/spare");
        Assert.Contains("healed", await White.RunAsync("check -read-data=100 myfiles"));
        await White.RunAsync("volume storage remove myfiles spare");
        Assert.Contains("no damage", await White.RunAsync("check -read-data myfiles"));
        Assert.DoesNotContain("damaged or missing", await White.RunAsync("status"));
        Assert.Equal(await White.ShellAsync("sha256sum <original"), await White.ShellAsync("sha256sum <mnt/dir/big"));
    }

    [Fact]
    public async Task Deleted_object_is_missing_without_reading_and_json_tells_it_all()
    {
        await PrepareAsync();
        await White.ShellAsync("find disk/objects -type f -size +20k -delete");
        ChildProcess.Result result = await White.TryAsync("check --json myfiles");
        Assert.Equal(DamageCode, result.Code);
        using JsonDocument reply = JsonDocument.Parse(result.Output);
        Assert.True(reply.RootElement.GetProperty("hasLoss").GetBoolean());
        JsonElement volume = reply.RootElement.GetProperty("volumes")[0];
        Assert.True(volume.GetProperty("missing").GetInt64() > 0);
        Assert.Equal(0, volume.GetProperty("damaged").GetInt64());
        Assert.Contains("/dir/big", volume.GetProperty("lost").EnumerateArray().Select(static path => path.GetProperty("path").GetString()));
        Assert.Contains("damaged or missing content", await White.RunAsync("status"));
    }

    [Fact]
    public async Task Check_of_what_makes_no_sense_is_refused()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.FailsAsync("check nothing", "there is no volume nothing");
        foreach (string value in (string[])["=-1", "=101", "=much", "="])
        {
            ChildProcess.Result result = await White.TryAsync($"check -read-data{value}");
            Assert.Equal(2, result.Code);
            Assert.Contains("it must be a percentage", result.Error);
        }

        Assert.Equal("", await White.RunAsync("check -read-data=0.5%"));
    }

    /// <summary>A volume on a disk of its own, with a file of several chunks, a small one, and a snapshot. Nothing of it is cached.</summary>
    private async Task PrepareAsync()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.ShellAsync("mkdir mnt disk");
        await White.RunAsync($"volume create -backend={White.Directory}/disk myfiles");
        await White.RunAsync("volume mount myfiles mnt");
        await White.ShellAsync("head -c 1000000 /dev/urandom >original; mkdir mnt/dir; cp original mnt/dir/big; echo small >mnt/small; mkdir mnt/.snap/monday; sync -f mnt");
        await White.RunAsync("volume unmount myfiles");
        Assert.Equal(0, await White.StopServerAsync());
        await White.StartServerAsync();
        await White.RunAsync("volume mount myfiles mnt");
    }

    /// <summary>Flips a bit in each large object.</summary>
    private async Task DamageAllAsync()
    {
        foreach (string path in Directory.GetFiles(Path.Combine(White.Directory, "disk", "objects"), "*", SearchOption.AllDirectories))
        {
            byte[] bytes = await File.ReadAllBytesAsync(path, Cancel);
            if (bytes.Length < 20_000) continue;
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(path, bytes, Cancel);
        }
    }
}
