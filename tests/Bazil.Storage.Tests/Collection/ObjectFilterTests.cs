using Bazil.Core.Crypto;
using Bazil.Storage.Collection;

namespace Bazil.Storage.Tests.Collection;

public sealed class ObjectFilterTests
{
    [Fact]
    public void Filter_never_denies_what_was_added_also_when_it_has_grown()
    {
        var filter = new ObjectFilter(new SodiumEntropy());
        for (int number = 0; number < 500_000; number++) filter.Add(Ids.Of(number));
        for (int number = 0; number < 500_000; number++) Assert.True(filter.MayContain(Ids.Of(number)));
        Assert.InRange(filter.Count, 498_000, 500_000);
    }

    [Fact]
    public void Mistakes_are_rare_and_others_in_every_filter()
    {
        const int count = 200_000;
        var first = new ObjectFilter(new SodiumEntropy(), count);
        var second = new ObjectFilter(new SodiumEntropy(), count);
        for (int number = 0; number < count; number++)
        {
            first.Add(Ids.Of(number));
            second.Add(Ids.Of(number));
        }

        int mistakes = 0, both = 0;
        for (int number = count; number < 2 * count; number++)
        {
            bool isMistaken = first.MayContain(Ids.Of(number));
            if (isMistaken) mistakes++;
            if (isMistaken && second.MayContain(Ids.Of(number))) both++;
        }

        Assert.InRange(mistakes, 0, count / 300);
        Assert.InRange(both, 0, 20);
    }

    [Fact]
    public void Add_tells_what_is_new()
    {
        var filter = new ObjectFilter(new SodiumEntropy());
        Assert.True(filter.Add(Ids.Of(1)));
        Assert.False(filter.Add(Ids.Of(1)));
        Assert.False(filter.MayContain(Ids.Of(2)));
    }

    [Fact]
    public void Concurrent_adds_lose_nothing()
    {
        var filter = new ObjectFilter(new SodiumEntropy());
        Parallel.For(0, 8, part =>
        {
            for (int number = part; number < 400_000; number += 8) filter.Add(Ids.Of(number));
        });
        for (int number = 0; number < 400_000; number++) Assert.True(filter.MayContain(Ids.Of(number)));
    }
}
