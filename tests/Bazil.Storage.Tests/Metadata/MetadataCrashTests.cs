using Bazil.Testing;
using Bazil.Testing.PowerCut;

namespace Bazil.Storage.Tests.Metadata;

/// <summary>Real processes killed, and power cuts on a real file system.</summary>
public class MetadataCrashTests(ITestOutputHelper output)
{
    [Fact]
    public void Killed_process_loses_nothing_that_was_acknowledged()
    {
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        for (int round = 0; round < 5; round++)
        {
            using var directory = new TempDirectory();
            using ChildProcess child = ChildProcess.Start("metadata-write", directory["db"], $"{random.Next(1_000_000)}");
            var log = new MetadataCrashLog(child);
            log.ReadUntil(random.Next(1, 20_000));
            child.Kill();
            log.ReadRest();
            long[] found = MetadataCrashLog.Check(directory["db"], seed);
            for (int writer = 0; writer < found.Length; writer++)
            {
                Assert.True(found[writer] >= log.Acknowledged[writer], $"round {round}: {log.Acknowledged[writer]} acknowledged, {found[writer]} found, {seed}");
            }

            output.WriteLine($"round {round}: {log.Acknowledged.Sum()} acknowledged, {found.Sum()} found");
        }
    }

    [Fact]
    public void Power_cut_loses_nothing_that_was_synced_and_leaves_a_prefix()
    {
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(256L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        for (int round = 0; round < 4; round++)
        {
            string database = Path.Combine(disk.Path, $"db{round}");
            using ChildProcess child = ChildProcess.Start("metadata-write", database, $"{random.Next(1_000_000)}");
            var log = new MetadataCrashLog(child);
            long target = 0;
            for (int i = 0; i < 5; i++)
            {
                log.ReadUntil(target += random.Next(100, 6000));
                WriteBackSome(database, random);
            }

            log.IsPowerFailing = true;
            disk.Shutdown();
            log.ReadUntilDisposed();
            child.Kill();
            disk.Remount();
            long[] found = MetadataCrashLog.Check(database, seed);
            for (int writer = 0; writer < found.Length; writer++)
            {
                Assert.True(found[writer] >= log.Synced[writer], $"round {round}: {log.Synced[writer]} synced, {found[writer]} found, {seed}");
            }

            Assert.True(log.SyncCount > 0, $"no sync was seen in round {round}, {seed}");
            output.WriteLine($"round {round}: {log.Synced.Sum()} synced, {log.Acknowledged.Sum()} acknowledged, {found.Sum()} found");
        }
    }

    private static void WriteBackSome(string database, Random random)
    {
        foreach (string file in Directory.GetFiles(database))
        {
            try
            {
                if (random.Next(2) == 0) PowerCutDisk.WriteBackSome(file, random);
            }
            catch (FileNotFoundException)
            {
                // The database dropped it meanwhile.
            }
        }
    }
}
