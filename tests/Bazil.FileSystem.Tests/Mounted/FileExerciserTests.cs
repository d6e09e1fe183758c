using System.Globalization;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// One file under random operations by call and by mapping, each compared with an array of bytes, while the daemon is stopped and started
/// in between. <c>BAZIL_FSX_OPERATIONS</c> sets how many.
/// </summary>
public class FileExerciserTests(ITestOutputHelper output)
{
    private const long OperationsPerStart = 500_000;
    private static readonly long OperationCount = long.Parse(Environment.GetEnvironmentVariable("BAZIL_FSX_OPERATIONS") ?? "20000", CultureInfo.InvariantCulture);

    [Fact]
    public void File_holds_what_was_written_by_call_and_by_mapping_also_after_a_restart()
    {
        using var volume = new MountedVolume();
        int seed = Seed.Take(1).Value;
        string model = Path.Combine(volume.Scratch, "model");
        long share = Math.Min(OperationsPerStart, (OperationCount + 1) / 2);
        for (long done = 0; done < OperationCount; done += share, seed++)
        {
            volume.Start();
            using ChildProcess child = ChildProcess.Start("fsx", $"{seed}", $"{Math.Min(share, OperationCount - done)}", volume["file"], model);
            string text = child.Output.ReadToEnd();
            child.WaitForExit();
            output.WriteLine($"BAZIL_SEED={seed}: {text.Trim()}");
            Assert.True(child.ExitCode == 0, text);
            volume.Stop();
        }
    }
}
