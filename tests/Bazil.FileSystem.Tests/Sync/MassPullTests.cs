using System.Diagnostics;
using System.Globalization;
using Bazil.FileSystem.Tests.Simulation;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>Many changes in one pull cost each what one costs. <c>BAZIL_MASS_PULL</c> sets how many, for measuring.</summary>
public sealed class MassPullTests
{
    private const int FilesInDirectory = 1000;
    private const int BytesPerFileMax = 320;

    [Fact]
    public async Task Many_changes_come_in_one_pull()
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("BAZIL_MASS_PULL") ?? "2000", CultureInfo.InvariantCulture);
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = (world.Replicas[0], world.Replicas[1]);
        for (int index = 0; index < count; index++)
        {
            if (index % FilesInDirectory == 0) a.MakeDirectory($"{index / FilesInDirectory}");
            a.MakeFile($"{index / FilesInDirectory}/{index}", "text");
        }

        var link = new MemoryLink(b, a, int.MaxValue);
        long started = Stopwatch.GetTimestamp(), allocated = GC.GetTotalAllocatedBytes();
        await b.Volume.PullAsync(link, CancellationToken.None);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{count} files: {took.TotalMilliseconds:F0} ms, {took.TotalMicroseconds / count:F0} us, {link.Bytes / count} bytes on the wire and {(GC.GetTotalAllocatedBytes() - allocated) / count} allocated for each");

        Assert.Equal(a.Tree().Count, b.Tree().Count);
        Assert.InRange(link.Bytes / count, 1, BytesPerFileMax);
        Assert.InRange(await PullAgainAsync(b, a), 1, 2000);
    }

    /// <summary>Who waits is told how much there is and how far it has come, and beforehand how much that is in bytes.</summary>
    [Fact]
    public async Task A_pull_tells_how_far_it_is()
    {
        const int Count = 2000;
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = (world.Replicas[0], world.Replicas[1]);
        await world.SpreadAsync();
        for (int index = 0; index < Count - 1; index++) a.MakeFile($"{index:0000}", "text");
        await a.WriteAsync("big", new string('x', 100_000));
        Assert.Equal(((Count - 1) * 4) + 100_000, a.Volume.CountContentBeyond(b.Volume.Knowledge, Count));
        Assert.Null(a.Volume.CountContentBeyond(b.Volume.Knowledge, Count - 1));

        var link = new CountingLink(new MemoryLink(b, a, int.MaxValue));
        await b.Volume.PullAsync(link, CancellationToken.None);
        Assert.All(link.Reports, report => Assert.InRange(report.Expected, Count, Count + 1));
        Assert.Equal(link.Reports.Select(static report => report.Merged).Order(), link.Reports.Select(static report => report.Merged));
        Assert.Equal(link.Reports[^1].Expected, link.Reports[^1].Merged);
        Assert.True(link.Reports.Count > 1, "one part says nothing about progress");
        Assert.All(link.Reports, static report => Assert.NotNull(report.Latest));
        Assert.Equal(0, a.Volume.CountContentBeyond(b.Volume.Knowledge, Count));
    }

    private static async Task<long> PullAgainAsync(Replica to, Replica from)
    {
        var link = new MemoryLink(to, from, int.MaxValue);
        await to.Volume.PullAsync(link, CancellationToken.None);
        return link.Bytes;
    }
}
