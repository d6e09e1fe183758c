using Bazil.Testing;

namespace Bazil.Storage.Tests.Eviction;

public sealed class EvictionModelTests
{
    private const int Steps = 1500;

    [Fact]
    public void Nodes_that_evict_at_once_with_crashes_in_between_never_leave_less_than_the_policy_asks_for()
    {
        int first = Seed.Take(1).Value, count = first == 1 ? 100 : 1, evicted = 0, refused = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            var model = new EvictionModel(seed);
            model.Run(Steps);
            Assert.True(model.Violation is null, $"{new Seed(seed)}: {model.Violation}");
            evicted += model.Evicted;
            refused += model.Refused;
        }

        // Otherwise nothing was tested.
        if (count > 1) Assert.True(evicted > 100 && refused > 100, $"{evicted} evicted, {refused} refused");
    }

    [Fact]
    public void Without_holds_the_model_finds_a_copy_too_few() =>
        Assert.Contains(Enumerable.Range(1, 300), static seed =>
        {
            var model = new EvictionModel(seed, asksForHolds: false);
            model.Run(Steps);
            return model.Violation is not null;
        });
}
