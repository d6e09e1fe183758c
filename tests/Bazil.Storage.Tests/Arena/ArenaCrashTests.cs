using System.Globalization;
using Bazil.Testing;
using Bazil.Testing.PowerCut;

namespace Bazil.Storage.Tests.Arena;

/// <summary>Real processes killed, and power cuts on a real file system. <c>scripts/soak store-crash</c> kills and cuts 500 times each.</summary>
public class ArenaCrashTests(ITestOutputHelper output)
{
    private const int RoundCount = 4;
    private const int RoundsPerStore = 40; // each check looks at everything, so a store that lives on makes every round longer

    [Fact]
    public async Task Killed_process_loses_no_object_that_was_acknowledged()
    {
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("BAZIL_STORE_ROUNDS"), CultureInfo.InvariantCulture, out int wanted) ? wanted : RoundCount;
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        using var directory = new TempDirectory();
        var log = new StoreCrashLog();
        for (int round = 0; round < rounds; round++)
        {
            if (round % RoundsPerStore == 0 && round > 0)
            {
                Directory.Delete(directory["store"], recursive: true);
                log = new StoreCrashLog();
            }

            using ChildProcess child = ChildProcess.Start("store-write", directory["store"], $"{log.NextNumber}", $"{random.Next(1_000_000)}");
            log.ReadUntil(child, log.PutCount + random.Next(1, 4000));
            child.Kill();
            log.ReadRest(child);
            output.WriteLine($"round {round}: {await log.CheckAsync(directory["store"], wasPowerCut: false, $"round {round}, {seed}")}");
        }
    }

    [Fact]
    public async Task Power_cut_loses_no_object_that_was_synced()
    {
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("BAZIL_STORE_CUTS"), CultureInfo.InvariantCulture, out int wanted) ? wanted : RoundCount;
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(256L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        string store = Path.Combine(disk.Path, "store");
        var log = new StoreCrashLog();
        for (int round = 0; round < rounds; round++)
        {
            if (round % RoundsPerStore == 0 && round > 0)
            {
                Directory.Delete(store, recursive: true);
                log = new StoreCrashLog();
            }

            using ChildProcess child = ChildProcess.Start("store-write", store, $"{log.NextNumber}", $"{random.Next(1_000_000)}");
            log.ReadUntil(child, log.PutCount + random.Next(200, 3000));
            log.IsPowerFailing = true;
            disk.Shutdown();
            log.ReadUntilEnd(child);
            child.Kill();
            disk.Remount();
            log.IsPowerFailing = false;
            output.WriteLine($"round {round}: {await log.CheckAsync(store, wasPowerCut: true, $"round {round}, {seed}")}");
        }
    }
}
