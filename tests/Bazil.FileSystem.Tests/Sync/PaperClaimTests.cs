using System.Globalization;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>
/// What the paper claims for vector time pairs (Cox and Josephson, MIT-LCS-TM-650): no restriction on the pattern of synchronisation, no false
/// conflict, no space for deletions, bandwidth by what changed. Partial synchronisation has its tests in <see cref="PartSyncTests"/>.
/// </summary>
public sealed class PaperClaimTests
{
    /// <summary>Who pulls from whom, by index, again and again; the last is a stick that is carried around.</summary>
    public static TheoryData<string, string> Patterns => new()
    {
        { "ring", "01 12 23 34 40" },
        { "chain, there and back", "10 21 32 43 34 23 12 01" },
        { "star", "01 02 03 04 10 20 30 40" },
        { "stick", "40 04 41 14 42 24 43 34" },
        { "two islands and a ferry", "01 10 23 32 41 14 42 24" },
    };

    [Theory]
    [MemberData(nameof(Patterns))]
    public async Task Any_pattern_that_joins_all_brings_everything_to_everyone(string pattern, string pulls)
    {
        await using World world = await World.CreateAsync(5);
        (int To, int From)[] way = [.. pulls.Split(' ').Select(pull => (pull[0] - '0', pull[1] - '0'))];
        for (int round = 0; round < 3; round++)
        {
            foreach (Replica replica in world.Replicas)
            {
                await replica.WriteAsync($"{replica.Name}", $"{round}");
                await replica.WriteAsync($"{replica.Name}{round}", "once");
                if (round > 0) replica.Unlink($"{replica.Name}{round - 1}");
            }

            for (int lap = 0; lap < 5; lap++)
            {
                foreach ((int to, int from) in way) await world.Replicas[to].PullAsync(world.Replicas[from]);
            }

            foreach (Replica replica in world.Replicas)
            {
                Assert.Equal(10, replica.Tree().Count);
                Assert.Equal(0, replica.Volume.CountConflicts());
                foreach (Replica other in world.Replicas)
                {
                    Assert.True(round.ToString(CultureInfo.InvariantCulture) == await replica.ReadAsync(other.Name), $"{pattern}: {replica.Name} has an old file of {other.Name}");
                }
            }
        }

        await world.SettleAsync(pattern);
    }

    /// <summary>One file is changed by whoever has its newest content, however it got there; others pull all the while, some of them interrupted.</summary>
    [Fact]
    public async Task Changes_one_after_the_other_are_never_a_conflict_whichever_way_they_went()
    {
        Seed seed = Seed.Take(1);
        var random = new Random(seed.Value);
        await using World world = await World.CreateAsync(5, seed.Value);
        IReadOnlyList<Replica> all = world.Replicas;
        await all[0].WriteAsync("f", "0");
        string newest = "0";
        for (int step = 1; step <= 300; step++)
        {
            Replica to = all[random.Next(5)], from = all[random.Next(5)];
            if (to == from) continue;
            if (random.Next(4) == 0) await to.PullAndLoseAsync(from, random.Next(4));
            else await to.PullAsync(from);
            Assert.True(to.Volume.CountConflicts() == 0, $"{seed}: step {step}");
            Replica writer = all[random.Next(5)];
            if (!writer.Exists("f") || await writer.ReadAsync("f") != newest) continue;
            newest = step.ToString(CultureInfo.InvariantCulture);
            await writer.WriteAsync("f", newest);
        }

        await world.SettleAsync($"{seed}");
        Assert.All(all, replica => Assert.Equal(0, replica.Volume.CountConflicts()));
        Assert.Equal(newest, await all[4].ReadAsync("f"));
    }

    [Fact]
    public async Task Deletions_leave_nothing_behind()
    {
        await using World world = await World.CreateAsync(3);
        world.Policy = new VolumePolicy(BrakeShare: 1, BrakeFiles: 0, TrashDays: 0);
        (Replica a, Replica b, Replica c) = world;
        int afterOne = 0;
        for (int round = 0; round < 20; round++)
        {
            for (int index = 0; index < 10; index++) await a.WriteAsync($"{round}.{index}", "x");
            await b.PullAsync(a);
            await c.PullAsync(b);
            for (int index = 0; index < 10; index++) c.Unlink($"{round}.{index}");
            await world.SpreadAsync();
            await world.SpreadAsync();
            if (round == 0) afterOne = Rows(c);
        }

        Assert.All(world.Replicas, replica => Assert.Equal(2, StateReader.Records(replica.Metadata).Count));
        Assert.InRange(Rows(c), 1, afterOne + 3); // 190 deletions later; some counters of the volume are written for the first time
    }

    /// <summary>A pull costs by what changed, not by what there is.</summary>
    [Fact]
    public async Task Bytes_on_the_wire_are_by_what_changed()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        for (int index = 0; index < 50; index++) await a.WriteAsync($"{index}", "x");
        long fifty = await BytesAsync(b, a);
        long one = await ChangeAsync(a, b, 1);
        for (int index = 50; index < 800; index++) await a.WriteAsync($"{index}", "x");
        await BytesAsync(b, a);
        long oneOfMany = await ChangeAsync(a, b, 1), tenOfMany = await ChangeAsync(a, b, 10);
        long nothing = await BytesAsync(b, a);
        Assert.InRange(oneOfMany, one - 20, one + 20);
        Assert.InRange(tenOfMany, one, fifty);
        Assert.InRange(nothing, 1, one);
        Assert.InRange(nothing, 1, 1024);
    }

    private static async Task<long> ChangeAsync(Replica a, Replica b, int count)
    {
        for (int index = 0; index < count; index++) await a.WriteAsync($"{index}", "changed");
        return await BytesAsync(b, a);
    }

    private static async Task<long> BytesAsync(Replica to, Replica from)
    {
        var link = new CountingLink(new MemoryLink(to, from, int.MaxValue));
        await to.Volume.PullAsync(link, CancellationToken.None);
        return link.Bytes;
    }

    private static int Rows(Replica replica)
    {
        int count = 0;
        using var cursor = replica.Metadata.Scan([], []);
        while (cursor.MoveNext()) count++;
        return count;
    }
}
