using Bazil.Storage.Pacing;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Pacing;

public sealed class BytePaceTests
{
    [Theory]
    [InlineData(long.MaxValue, 3600)]
    [InlineData(500, 5)]
    [InlineData(0, 0)]
    public void Rest_gives_credit_up_to_a_bound(long creditBytes, int secondsFree)
    {
        var time = new ManualTime();
        var pace = new BytePace(time, bytesPerSecondMax: 100, creditBytes);
        time.Advance(TimeSpan.FromHours(1));
        for (int second = 0; second < secondsFree; second++) Assert.True(pace.WaitAsync(100, CancellationToken.None).AsTask().IsCompleted);
        Task waits = pace.WaitAsync(100, CancellationToken.None).AsTask();
        Assert.False(waits.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(waits.IsCompleted);
    }
}
