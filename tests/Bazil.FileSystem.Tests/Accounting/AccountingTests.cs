using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Metadata;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Accounting;

/// <summary>
/// The totals of directories are what a walk would count, after any history and any accident. Random tests print their seed;
/// <c>BAZIL_SEED</c> runs that one alone, <c>BAZIL_SEEDS</c> sets how many.
/// </summary>
public sealed class AccountingTests
{
    private const string Bytes = "user.bazil.rbytes", Files = "user.bazil.rfiles", Subdirectories = "user.bazil.rsubdirs", ChangeTime = "user.bazil.rctime";

    [Fact]
    public async Task Directories_tell_what_lies_below_them()
    {
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        replica.MakeDirectory("a");
        replica.MakeDirectory("a/b");
        await replica.WriteAsync("a/b/f", "12345");
        replica.MakeSymlink("a/s", "to");
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);

        Assert.Equal(["7", "2", "2"], new[] { Read(replica, "", Bytes), Read(replica, "", Files), Read(replica, "", Subdirectories) });
        Assert.Equal(["7", "2", "1"], new[] { Read(replica, "a", Bytes), Read(replica, "a", Files), Read(replica, "a", Subdirectories) });
        Assert.Equal(["5", "1", "0"], new[] { Read(replica, "a/b", Bytes), Read(replica, "a/b", Files), Read(replica, "a/b", Subdirectories) });
    }

    [Fact]
    public async Task Newest_change_is_that_of_anything_below()
    {
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        replica.MakeDirectory("a");
        replica.MakeDirectory("a/b");
        await replica.WriteAsync("a/b/f", "1");
        replica.MakeDirectory("other");
        Assert.Equal(Errno.OK, replica.Chmod("a/b/f", 0x180));
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);

        UnixTime time = replica.Stat("a/b/f").ChangeTime;
        string text = string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:D9}");
        Assert.All(["", "a", "a/b"], directory => Assert.Equal(text, Read(replica, directory, ChangeTime)));
        Assert.NotEqual(text, Read(replica, "other", ChangeTime));
    }

    [Fact]
    public async Task Virtual_attributes_are_not_listed_not_settable_and_not_on_files()
    {
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", "1");
        InodeId root = InodeId.Root, file = replica.Find("f");

        Assert.Equal(0, replica.Volume.ListXattrs(root).Value.Length);
        Assert.Equal(Errno.EOPNOTSUPP, replica.Volume.SetXattr(root, Encoding.ASCII.GetBytes(Bytes), "1"u8, default));
        Assert.Equal(Errno.EOPNOTSUPP, replica.Volume.RemoveXattr(root, Encoding.ASCII.GetBytes(Bytes)));
        Assert.Equal(Errno.ENODATA, replica.Volume.GetXattr(file, Encoding.ASCII.GetBytes(Bytes)).Error);
    }

    [Fact]
    public async Task File_with_several_names_counts_once_where_the_oldest_name_is()
    {
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        replica.MakeDirectory("a");
        replica.MakeDirectory("b");
        await replica.WriteAsync("a/f", "123");
        Assert.Equal(Errno.OK, replica.Link("a/f", "b/g"));
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal(["3", "0", "3"], new[] { Read(replica, "a", Bytes), Read(replica, "b", Bytes), Read(replica, "", Bytes) });

        Assert.Equal(Errno.OK, replica.Unlink("a/f"));
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal(["0", "3", "3"], new[] { Read(replica, "a", Bytes), Read(replica, "b", Bytes), Read(replica, "", Bytes) });
    }

    [Fact]
    public async Task Rename_of_a_directory_writes_no_more_rows_however_much_lies_below()
    {
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        foreach (string name in (string[])["small", "large", "to"]) replica.MakeDirectory(name);
        for (int i = 0; i < 200; i++) replica.MakeDirectory($"large/{i}");
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        int before = replica.Metadata.UnsyncedCount;
        Assert.Equal(Errno.OK, replica.Rename("large", "to/large"));
        Assert.Equal(1, replica.Metadata.UnsyncedCount - before);
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal("201", Read(replica, "to", Subdirectories));
        Assert.Equal("203", Read(replica, "", Subdirectories));
    }

    [Fact]
    public async Task Totals_are_those_of_the_model_after_any_history()
    {
        await ForSeedsAsync(3000, 60, async seed =>
        {
            await using World world = await World.CreateAsync(1, seed);
            var history = new AccountedHistory(world.Replicas[0], world.Random);
            for (int round = 0; round < 4; round++)
            {
                await history.RunAsync(40);
                if (round % 2 == 0) await world.Replicas[0].RestartAsync();
                await history.CheckAsync(new Seed(seed).ToString());
            }
        });
    }

    [Fact]
    public async Task Totals_are_those_of_the_moment_to_which_a_power_cut_leads_back()
    {
        int takenBack = 0;
        await ForSeedsAsync(5000, 80, async seed =>
        {
            var objects = new LossyObjectStore();
            await using World world = await World.CreateAsync(1, seed, objects);
            Replica replica = world.Replicas[0];
            await replica.Volume.SyncAsync(CancellationToken.None);
            var history = new AccountedHistory(replica, world.Random) { HasLinks = false };
            for (int cut = 0; cut < 3; cut++)
            {
                await history.RunAsync(30);
                await objects.CutPowerAsync(world.Random);
                replica.PowerCut(world.Random);
                history.GoBack(new Seed(seed).ToString());
                await history.CheckAsync(new Seed(seed).ToString());
            }

            takenBack += replica.Log.Count(message => message.Contains("taken back", StringComparison.Ordinal));
        });
        if (Environment.GetEnvironmentVariable("BAZIL_SEED") is not { Length: > 0 } && Environment.GetEnvironmentVariable("BAZIL_SEEDS") is not { Length: > 0 }) Assert.True(takenBack > 10, $"nothing was tried: taken back {takenBack} times");
    }

    [Fact]
    public async Task Volume_of_an_older_version_is_counted_while_it_changes_and_across_restarts()
    {
        await ForSeedsAsync(7000, 8, async seed =>
        {
            await using World world = await World.CreateAsync(1, seed);
            Replica replica = world.Replicas[0];
            var history = new AccountedHistory(replica, world.Random);
            for (int i = 0; i < 700; i++) replica.MakeDirectory($"e{i}");
            for (int i = 0; i < 700; i++) Assert.Equal(Errno.OK, replica.RemoveDirectory($"e{i}"));
            await history.RunAsync(80);
            ForgetAccounts(replica);
            await replica.RestartAsync();
            Assert.Equal("0", Read(replica, "", Files));
            await history.RunAsync(1);
            await history.RunAsync(40);
            await replica.RestartAsync();
            await history.CheckAsync(new Seed(seed).ToString());
        });
    }

    [Fact]
    public async Task Count_of_an_older_volume_goes_on_where_it_was_interrupted()
    {
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        for (int i = 0; i < 3 * AccountingLimits.CountStep; i++) replica.MakeDirectory($"e{i}");
        ForgetAccounts(replica);
        await replica.RestartAsync();
        var store = new FileSystem.Live.VolumeStore(replica.Metadata, 1, world.Entropy, replica.Id);
        Assert.True(SubtreeCount.Step(store));
        Assert.InRange(store.Accounts.WaitingFor(InodeId.Root).Directories, 1, AccountingLimits.CountStep);

        await replica.RestartAsync();
        replica.MakeDirectory("late");
        Assert.Equal(Errno.OK, replica.RemoveDirectory("e0"));
        Assert.Equal(Errno.OK, replica.RemoveDirectory($"e{(3 * AccountingLimits.CountStep) - 1}"));
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal($"{(3 * AccountingLimits.CountStep) - 1}", Read(replica, "", Subdirectories));
    }

    [Fact]
    public async Task Drift_is_found_and_mended()
    {
        await using World world = await World.CreateAsync(1);
        Replica replica = world.Replicas[0];
        replica.MakeDirectory("a");
        replica.MakeDirectory("a/b");
        await replica.WriteAsync("a/b/f", "12345");
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        using (var batch = new Rows(replica.Metadata)) batch.Put(replica.Find("a"), new SubtreeTotals(1000, -3, 1, default));

        AccountsReport report = await replica.Volume.CheckAccountsAsync(CancellationToken.None);
        Assert.True(report.DriftedCount > 0);
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal(["5", "1", "1"], new[] { Read(replica, "a", Bytes), Read(replica, "a", Files), Read(replica, "a", Subdirectories) });
        Assert.Equal(["5", "1", "2"], new[] { Read(replica, "", Bytes), Read(replica, "", Files), Read(replica, "", Subdirectories) });
        Assert.Equal(0, (await replica.Volume.CheckAccountsAsync(CancellationToken.None)).DriftedCount);
    }

    [Fact]
    public async Task What_comes_from_a_peer_is_counted()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", "12345");
        await b.PullAsync(a);
        await b.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal(["5", "1", "1"], new[] { Read(b, "", Bytes), Read(b, "", Files), Read(b, "", Subdirectories) });
        Assert.Equal(Errno.OK, a.Unlink("d/f"));
        await b.PullAsync(a);
        await b.Volume.SettleAccountsAsync(CancellationToken.None);
        Assert.Equal(["0", "0", "1"], new[] { Read(b, "", Bytes), Read(b, "", Files), Read(b, "", Subdirectories) });
    }

    [Fact]
    public void Row_reads_back_as_written_and_refuses_anything_else()
    {
        var writer = new WireWriter();
        SubtreeTotals[] all = [SubtreeTotals.Nothing, new(long.MaxValue, -1, long.MinValue, new UnixTime(-5, 999_999_999)), new(1, 2, 3, default)];
        foreach (SubtreeTotals totals in all)
        {
            totals.Write(writer);
            byte[] row = writer.ToArray();
            Assert.Equal(totals, SubtreeTotals.Read(row));
            for (int length = 0; length < row.Length; length++) Assert.Throws<WireFormatException>(() => SubtreeTotals.Read(row.AsSpan(0, length)));
            Assert.Throws<WireFormatException>(() => SubtreeTotals.Read([.. row, 0]));
            row[0]++;
            Assert.Throws<WireFormatException>(() => SubtreeTotals.Read(row));
        }
    }

    private static async Task ForSeedsAsync(int fallback, int count, Func<int, Task> run)
    {
        int first = Seed.Take(fallback).Value;
        bool isSingle = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 };
        int seeds = isSingle ? 1 : Environment.GetEnvironmentVariable("BAZIL_SEEDS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : count;
        for (int seed = first; seed < first + seeds; seed++)
        {
            try
            {
                await run(seed);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException(new Seed(seed).ToString(), e);
            }
        }
    }

    private static string Read(Replica replica, string path, string name) =>
        Encoding.ASCII.GetString(replica.Volume.GetXattr(replica.Find(path), Encoding.ASCII.GetBytes(name)).Value.Span);

    /// <summary>Leaves what an older version would have left.</summary>
    private static void ForgetAccounts(Replica replica)
    {
        byte[] key = new byte[MetadataKey.MaxSize];
        var batch = new MetadataBatch();
        batch.DeletePrefix(new MetadataKey(key, Table.SubtreeTotals).Add(1u).Bytes);
        batch.DeletePrefix(new MetadataKey(key, Table.SubtreeChange).Add(1u).Bytes);
        batch.Delete(new MetadataKey(key, Table.VolumeState).Add(1u).Add("counted"u8).Bytes);
        replica.Metadata.Commit(batch);
    }

    private sealed class Rows(MemoryMetadataStore metadata) : IDisposable
    {
        private readonly MetadataBatch _batch = new();

        public void Put(InodeId directory, SubtreeTotals totals)
        {
            var writer = new WireWriter();
            totals.Write(writer);
            _batch.Put(new MetadataKey(new byte[MetadataKey.MaxSize], Table.SubtreeTotals).Add(1u).Add(directory).Bytes, writer.Span);
        }

        public void Dispose() => metadata.Commit(_batch);
    }
}
