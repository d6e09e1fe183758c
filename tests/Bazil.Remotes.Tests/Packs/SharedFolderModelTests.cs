using System.Globalization;
using Bazil.Remotes.Packs;
using Bazil.Remotes.Tests.Packs.Model;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>
/// Searches for a history of several nodes and one folder after which something is gone that a node needs. The stores are the real ones; their calls to the folder take time, fail, and are cut off by
/// crashes. A failure prints its seed; <c>BAZIL_SEED</c> runs that one alone, <c>BAZIL_SEEDS</c> sets how many.
/// </summary>
public sealed class SharedFolderModelTests
{
    private const int Actions = 200;

    [Fact]
    public void No_history_loses_what_a_node_needs()
    {
        int first = Seed.Take(1).Value;
        bool isSingle = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 };
        int count = isSingle ? 1 : int.Parse(Environment.GetEnvironmentVariable("BAZIL_SEEDS") ?? "150", CultureInfo.InvariantCulture);
        long removed = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            using var world = new SharedWorld(seed, nodes: 1 + (seed % 3));
            try
            {
                world.Run(Actions);
                if (world.Loss is null) world.Settle(static node => node.CheckAsync());
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"BAZIL_SEED={seed}\n  {string.Join("\n  ", world.Trace)}", e);
            }

            Assert.True(world.Loss is null, $"BAZIL_SEED={seed}: {world.Loss}\n  {string.Join("\n  ", world.Trace)}");
            removed += world.RemovedPacks;
        }

        Assert.True(isSingle || removed > count / 4, $"only {removed} packs were removed in {count} histories");
    }

    /// <summary>Who does not see the leases of others removes what they need: so the search can find what is wrong.</summary>
    [Fact]
    public void Leases_are_needed()
    {
        int losses = 0;
        for (int seed = 1; seed <= 60 && losses == 0; seed++)
        {
            using var world = new SharedWorld(seed);
            foreach (SharedNode node in world.Nodes)
            {
                string own = PackLease.FileNameOf(node.Id);
                node.IsHidden = name => name.StartsWith(PackLease.Directory, StringComparison.Ordinal) && name != own;
            }

            world.Run(Actions);
            if (world.Loss is not null) losses++;
        }

        Assert.NotEqual(0, losses);
    }

    [Fact]
    public void Garbage_of_all_nodes_goes_when_none_of_them_is_away()
    {
        for (int seed = 1000; seed < 1010; seed++)
        {
            using var world = new SharedWorld(seed);
            world.Run(Actions);
            foreach (SharedNode node in world.Nodes)
            {
                for (int number = 0; number < SharedWorld.Objects; number++) node.Drop(number);
            }

            // Twice unused, announced, answered, removed; an agreement of members may be missing now and then.
            for (int round = 0; round < 40 && world.PackCount > 0; round++) world.Settle(static node => node.CollectAsync(PackRemoval.All));
            Assert.True(world.PackCount == 0, $"BAZIL_SEED={seed}: {world.PackCount} packs are left\n  {string.Join("\n  ", world.Trace)}");
        }
    }
}
