using Bazil.Core.Crypto;
using Bazil.Server.Sync;

namespace Bazil.Server.Tests.Sync;

public sealed class BackOffTests
{
    [Fact]
    public void Waits_double_up_to_a_bound_and_are_never_all_the_same()
    {
        var backOff = new BackOff(new SodiumEntropy());
        for (int round = 0; round < 2; round++)
        {
            for (int failure = 0; failure < 100; failure++)
            {
                double whole = Math.Min(Limits.BackOffMin.TotalSeconds * Math.Pow(2, failure), Limits.BackOffMax.TotalSeconds);
                Assert.InRange(backOff.Next().TotalSeconds, whole / 2, whole);
            }

            backOff.Reset();
        }

        Assert.NotEqual(1, Enumerable.Range(0, 20).Select(_ => backOff.Next()).Distinct().Count());
    }
}
