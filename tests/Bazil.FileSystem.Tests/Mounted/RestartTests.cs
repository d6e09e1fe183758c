namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>What is there after the daemon was stopped and started again.</summary>
public class RestartTests(ITestOutputHelper output)
{
    private const long DaemonMemoryMax = 400L << 20;

    [Fact]
    public void Everything_is_the_same_after_a_restart()
    {
        using var volume = new MountedVolume();
        volume.Start();
        volume.RunCase("restart.py", "Fill");
        string before = Describe(volume);
        volume.Stop();
        volume.Start();
        Assert.Equal(before, Describe(volume));
        Assert.True(before.Length > 1000);
    }

    [Fact]
    public void Large_file_is_written_and_read_in_bounded_memory()
    {
        using var volume = new MountedVolume();
        volume.Start();
        output.WriteLine(MountedVolume.Run("sh", "-c", $"openssl enc -aes-128-ctr -K 00 -iv 00 < /dev/zero 2>/dev/null | dd of='{volume["large"]}' bs=1M count=300 iflag=fullblock conv=fsync 2>&1 | tail -1"));
        string sum = MountedVolume.Run("sh", "-c", $"cksum < '{volume["large"]}'");
        Assert.Equal(MountedVolume.Run("sh", "-c", "openssl enc -aes-128-ctr -K 00 -iv 00 < /dev/zero 2>/dev/null | head -c 314572800 | cksum"), sum);
        string peak = File.ReadLines($"/proc/{volume.DaemonId}/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        output.WriteLine($"peak of the daemon's memory: {peak}");
        Assert.InRange(long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) * 1024, 1, DaemonMemoryMax);
        volume.Stop();
        volume.Start();
        Assert.Equal(sum, MountedVolume.Run("sh", "-c", $"cksum < '{volume["large"]}'"));
    }

    private static string Describe(MountedVolume volume) =>
        MountedVolume.Run("python3", "-B", MountedVolume.CasePath("describe.py"), volume.MountPoint);
}
