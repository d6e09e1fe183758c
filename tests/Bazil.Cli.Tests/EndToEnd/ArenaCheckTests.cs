using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Damage in the store that every node has by default, found and named by the real program, and healed by a real peer.</summary>
public sealed class ArenaCheckTests : EndToEndTest
{
    private const int DamageCode = 3;

    [Fact]
    public async Task Damaged_segment_is_found_and_the_paths_are_named()
    {
        await MountAsync(White);
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/big; mkdir mnt/dir; echo small >mnt/dir/small; mkdir mnt/.snap/monday; sync -f mnt");
        foreach (string part in (string[])["--read-data=5%", "-read-data 5%", "-read-data=100", "--read-data"]) Assert.Contains("no damage", await White.RunAsync($"check {part} myfiles"));
        await White.RunAsync("volume unmount myfiles");
        Assert.Equal(0, await White.StopServerAsync());
        await DamageAsync(White);
        await White.StartServerAsync();
        await White.RunAsync("volume mount myfiles mnt");

        ChildProcess.Result broken = await White.TryAsync("check --read-data");
        Assert.Equal(DamageCode, broken.Code);
        Assert.Contains("damaged: /big", broken.Output);
        Assert.Contains("damaged: /.snap/monday/big", broken.Output);
        Assert.DoesNotContain("small", broken.Output);
        Assert.Equal(DamageCode, (await White.TryAsync("check")).Code); // it is known now, without reading
        Assert.NotEqual(0, (await ChildProcess.ShellAsync("cat mnt/big", White.Directory, Cancel)).Code);
        Assert.Equal("small", await White.ShellAsync("cat mnt/dir/small"));
        string status = await White.RunAsync("status");
        Assert.Contains("damaged or missing content in 2 files", status);
        Assert.Contains("something is wrong in storage local", status);
        using JsonDocument reply = JsonDocument.Parse((await White.TryAsync("check --json myfiles")).Output);
        Assert.True(reply.RootElement.GetProperty("hasLoss").GetBoolean());
    }

    [Fact]
    public async Task Damaged_segment_is_healed_from_a_peer_that_has_the_content()
    {
        await Walkthrough.ShareAsync(White, Black, "localhost");
        await White.ShellAsync("head -c 2000000 /dev/urandom >mnt/big; sync -f mnt");
        string sum = await White.ShellAsync("sha256sum <mnt/big");
        await Black.RunAsync("volume sync myfiles white");
        Assert.Equal(sum, await Black.ShellAsync("sha256sum <mnt/big"));
        await Black.RunAsync("volume unmount myfiles");
        Assert.Equal(0, await Black.StopServerAsync());
        await DamageAsync(Black);
        await Black.StartServerAsync();

        string healed = await Black.RunAsync("check -read-data myfiles");
        Assert.Contains("no damage", healed);
        Assert.Contains("healed", healed);
        Assert.DoesNotContain("something is wrong", await Black.RunAsync("status"));
        Assert.Equal(0, await White.StopServerAsync());
        await Black.RunAsync("volume mount myfiles mnt");
        Assert.Equal(sum, await Black.ShellAsync("sha256sum <mnt/big"));
        Assert.DoesNotContain("healed", await Black.RunAsync("check -read-data myfiles"));
    }

    [Fact]
    public async Task Missing_segment_and_one_of_a_newer_version_are_named()
    {
        await MountAsync(White);
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/big; sync -f mnt");
        await White.RunAsync("volume unmount myfiles");
        Assert.Equal(0, await White.StopServerAsync());
        string segment = Segments(White)[0];
        byte[] bytes = await File.ReadAllBytesAsync(segment, Cancel);

        File.Delete(segment);
        await White.StartServerAsync();
        ChildProcess.Result missing = await White.TryAsync("check myfiles");
        Assert.Equal(DamageCode, missing.Code);
        Assert.Contains("/big", missing.Output);
        Assert.Contains("00000001.seg", await White.RunAsync("status"));
        Assert.Contains("is missing", await White.RunAsync("status"));
        Assert.Equal(0, await White.StopServerAsync());

        bytes[8] = 2;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(60), Checksum(bytes.AsSpan(0, 60)));
        await File.WriteAllBytesAsync(segment, bytes, Cancel);
        await White.StartServerAsync();
        await White.FailsAsync("volume mount myfiles mnt", "00000001.seg has version 2", "upgrade it");
        await White.FailsAsync("gc", "nothing was deleted", "has version 2");
        ChildProcess.Result unknown = await White.TryAsync("check myfiles");
        Assert.NotEqual(0, unknown.Code);
        Assert.NotEqual(DamageCode, unknown.Code);
        Assert.Equal(0, await White.StopServerAsync());
    }

    private static string[] Segments(Node node) => [.. Directory.GetFiles(Path.Combine(node.DataDirectory, "objects", "segments")).Order(StringComparer.Ordinal)];

    /// <summary>CRC-32C.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in bytes) checksum = System.Numerics.BitOperations.Crc32C(checksum, value);
        return ~checksum;
    }

    /// <summary>Flips bits all over the segments, but for their heads.</summary>
    private static async Task DamageAsync(Node node)
    {
        foreach (string path in Segments(node))
        {
            byte[] bytes = await File.ReadAllBytesAsync(path, Cancel);
            for (int place = 100_000; place < bytes.Length - 100_000; place += 150_000) bytes[place] ^= 1;
            await File.WriteAllBytesAsync(path, bytes, Cancel);
        }
    }
}
