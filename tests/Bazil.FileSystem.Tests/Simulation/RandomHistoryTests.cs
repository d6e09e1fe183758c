using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>
/// Random histories come to rest, all replicas agree, and what each shows is what the definition of the shown tree says.
/// A failure prints its seed; <c>BAZIL_SEED</c> runs that one alone, <c>BAZIL_SEEDS</c> sets how many.
/// </summary>
public sealed class RandomHistoryTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Replicas_converge_after_any_history(int replicas)
    {
        int first = Seed.Take(replicas * 100_000).Value;
        bool isSingle = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 };
        int count = isSingle ? 1 : int.Parse(Environment.GetEnvironmentVariable("BAZIL_SEEDS") ?? "150", System.Globalization.CultureInfo.InvariantCulture);
        for (int seed = first; seed < first + count; seed++)
        {
            await using World world = await World.CreateAsync(replicas, seed);
            string context = $"BAZIL_SEED={seed} ({replicas} replicas)";
            try
            {
                await new RandomHistory(world, world.Random).RunAsync(10 + (seed * 7919 % 150));
                await world.FinishRotationAsync(context);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException(context, e);
            }
        }
    }
}
