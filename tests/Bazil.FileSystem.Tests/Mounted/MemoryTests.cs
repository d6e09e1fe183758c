using System.Globalization;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// What the daemon takes does not depend on how many files there are, nor on how large they are. <c>BAZIL_MEMORY_FILES</c> and <c>BAZIL_MEMORY_MIB</c> make the volume
/// and the file larger.
/// </summary>
public sealed class MemoryTests
{
    private const long MiB = 1 << 20;

    /// <summary>Runtime and code, the caches (docs/memory.md), and the runtime's heap around them.</summary>
    private const long ResidentMax = 300 * MiB;

    [Fact]
    public void Walk_of_many_files_stays_within_300_MiB()
    {
        int count = Number("BAZIL_MEMORY_FILES", 10_000);
        using var volume = new MountedVolume();
        using (ChildProcess filler = ChildProcess.Start("volume-fill", volume.Data, $"{count}"))
        {
            filler.WaitForExit();
            Assert.Equal(0, filler.ExitCode);
        }

        volume.Start();
        string found = MountedVolume.Run("sh", "-c", $"find '{volume.MountPoint}' -type f -newermt 2000-01-01 | wc -l");
        Assert.Equal(count, int.Parse(found, CultureInfo.InvariantCulture));
        long walked = Resident(volume.DaemonId);
        Assert.True(walked <= ResidentMax, $"after a walk of {count} files: {walked / MiB} MiB");
        TestContext.Current.SendDiagnosticMessage($"after a walk of {count} files: {walked / MiB} MiB");
        volume.Stop();
    }

    [Fact]
    public void Large_file_is_written_within_the_dirty_budget()
    {
        int size = Number("BAZIL_MEMORY_MIB", 160);
        using var volume = new MountedVolume();
        volume.Start();
        long before = Resident(volume.DaemonId);
        const string code = "import os, sys\nblock = os.urandom(1 << 20)\nf = open(sys.argv[1], 'wb', 0)\nfor i in range(int(sys.argv[2])): f.write(i.to_bytes(8, 'big') + block[8:])\nf.close()";
        MountedVolume.Run("python3", "-c", code, volume["large"], $"{size}");
        long peak = Peak(volume.DaemonId);

        // 64 MiB of dirty data, the cache of chunks (32 MiB), buffers of requests and the runtime's own part; a file twice as large takes no more.
        Assert.True(peak - before <= 300 * MiB, $"writing {size} MiB took {(peak - before) / MiB} MiB at most");
        TestContext.Current.SendDiagnosticMessage($"writing {size} MiB took {(peak - before) / MiB} MiB at most");
        volume.Stop();
    }

    private static int Number(string variable, int ordinary) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : ordinary;

    private static long Resident(int process) => Status(process, "VmRSS:");

    private static long Peak(int process) => Status(process, "VmHWM:");

    private static long Status(int process, string name)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }
}
