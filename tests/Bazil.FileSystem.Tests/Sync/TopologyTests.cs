using System.Globalization;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>Who meets whom does not matter, and hundreds may take part.</summary>
public sealed class TopologyTests(ITestOutputHelper output)
{
    private const int Machines = 6;

    /// <summary>Who pulls from whom, over and over.</summary>
    public static TheoryData<string> Topologies() => new("ring", "chain", "star");

    [Theory]
    [MemberData(nameof(Topologies))]
    public async Task Edits_deletions_and_conflicts_reach_everybody(string topology)
    {
        await using World world = await World.CreateAsync(Machines);
        Replica first = world.Replicas[0], last = world.Replicas[^1];
        foreach (string name in (string[])["kept", "gone", "both"]) await first.WriteAsync(name, "old");
        first.MakeDirectory("from");
        await MeetAsync(world, topology, rounds: Machines);

        foreach (Replica replica in world.Replicas) await replica.WriteAsync($"own-{replica.Name}", replica.Name);
        Assert.Equal(Errno.OK, last.Unlink("gone"));
        Assert.Equal(Errno.OK, last.Rename("from", "to"));
        await first.WriteAsync("both", "one");
        await last.WriteAsync("both", "two");
        await first.WriteAsync("from/inside", "new");
        await MeetAsync(world, topology, rounds: 2 * Machines);

        string state = World.Describe(first.State());
        foreach (Replica replica in world.Replicas)
        {
            Assert.Equal(state, World.Describe(replica.State()));
            Assert.Equal(World.Describe(first.Tree()), World.Describe(replica.Tree()));
            Assert.False(replica.Exists("gone"));
            Assert.Equal("new", await replica.ReadAsync("to/inside"));
            Assert.Single(replica.Alternates("both"));

            // Nothing is left of what was deleted: everybody knows that everybody knows.
            Assert.DoesNotContain(StateReader.Records(replica.Metadata), record => record.Links.Any(link => link.Last.Value.Name.ToString() == "gone"));
        }

        Assert.Equal(Errno.OK, first.DropAlternate("both"));
        await MeetAsync(world, topology, rounds: 2 * Machines);
        Assert.All(world.Replicas, replica => Assert.Empty(replica.Alternates("both")));
    }

    /// <summary><c>BAZIL_MEMBERS</c> makes them more.</summary>
    [Fact]
    public async Task Forty_members_meet_through_one()
    {
        int members = int.Parse(Environment.GetEnvironmentVariable("BAZIL_MEMBERS") ?? "40", CultureInfo.InvariantCulture);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        await using World world = await World.CreateAsync(members, spreads: false);
        Replica hub = world.Replicas[0];
        List<Replica> others = [.. world.Replicas.Skip(1)];
        foreach (Replica other in others) await other.WriteAsync($"of-{other.Name}", other.Name);
        await RoundAsync(hub, others);
        Assert.Equal(Errno.OK, others[0].Unlink($"of-{others[^1].Name}"));
        for (int round = 0; round < 3; round++) await RoundAsync(hub, others);

        Assert.All(others, other => Assert.Equal(members - 2, other.Tree().Count));
        Assert.DoesNotContain(StateReader.Records(hub.Metadata), record => record.Links.Count > 0 && record.Content.IsEmpty);

        // A head of about 150 bytes for each, and the knowledge, once for all who know the same; a pull without news has no heads.
        await others[5].WriteAsync("news", "x");
        Assert.InRange(await PullAsync(hub, others[5]), 1, 500 * members);
        Assert.InRange(await PullAsync(hub, others[5]), 1, 100 * members);

        // A pull costs what the members are: all together, who pull from one, their square.
        TimeSpan taken = Environment.CpuUsage.TotalTime - before;
        int pulls = 8 * members;
        output.WriteLine($"{members} members, {pulls} pulls: {taken.TotalSeconds:F1} s of processor, {taken.TotalMilliseconds / pulls:F1} ms each; {GC.GetTotalMemory(forceFullCollection: true) >> 20} MiB of heap");
    }

    private static async Task RoundAsync(Replica hub, List<Replica> others)
    {
        foreach (Replica other in others) await hub.PullAsync(other);
        foreach (Replica other in others) await other.PullAsync(hub);
    }

    private static async Task<long> PullAsync(Replica to, Replica from)
    {
        var link = new MemoryLink(to, from, int.MaxValue);
        await to.Volume.PullAsync(link, CancellationToken.None);
        return link.Bytes;
    }

    private static async Task MeetAsync(World world, string topology, int rounds)
    {
        IReadOnlyList<Replica> all = world.Replicas;
        for (int round = 0; round < rounds; round++)
        {
            for (int index = 0; index < all.Count; index++)
            {
                // In a ring each pulls from one neighbour alone. The middle of a star may be a volume on a stick that meets one machine at a time.
                Replica next = all[(index + 1) % all.Count];
                if (topology == "ring") await next.PullAsync(all[index]);
                if (index == 0) continue;
                if (topology == "star") await MeetAsync(all[0], all[index]);
                if (topology == "chain") await MeetAsync(all[index - 1], all[index]);
            }
        }
    }

    private static async Task MeetAsync(Replica left, Replica right)
    {
        await left.PullAsync(right);
        await right.PullAsync(left);
    }
}
