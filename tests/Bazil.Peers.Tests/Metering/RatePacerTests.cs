using Bazil.Peers.Metering;
using Bazil.Testing;

namespace Bazil.Peers.Tests.Metering;

public sealed class RatePacerTests
{
    private const int Rate = 1 << 20;
    private readonly ManualTime _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Content_goes_at_its_rate_and_no_credit_is_saved_up()
    {
        var pacer = new RatePacer(_time);
        for (int round = 0; round < 2; round++)
        {
            Assert.True(Pass(pacer, TrafficKind.Content, Rate).IsCompleted);
            var second = Pass(pacer, TrafficKind.Content, Rate);
            var third = Pass(pacer, TrafficKind.Content, Rate);
            Assert.False(second.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(1));
            await second;
            Assert.False(third.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(1));
            await third;
            _time.Advance(TimeSpan.FromHours(1));
        }
    }

    [Fact]
    public async Task Metadata_waits_for_metadata_only_and_what_it_takes_is_missing_to_content()
    {
        var pacer = new RatePacer(_time);
        var content = Enumerable.Range(0, 100).Select(_ => Pass(pacer, TrafficKind.Content, Rate)).ToList();
        Assert.True(Pass(pacer, TrafficKind.Metadata, Rate).IsCompleted);
        var metadata = Pass(pacer, TrafficKind.Metadata, Rate);
        _time.Advance(TimeSpan.FromSeconds(1));
        await metadata;
        _time.Advance(TimeSpan.FromSeconds(98));
        await Task.WhenAll(content);
        var later = Pass(pacer, TrafficKind.Content, Rate);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(later.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await later;
    }

    [Fact]
    public async Task Without_a_limit_nothing_waits_and_a_wait_can_be_given_up()
    {
        var pacer = new RatePacer(_time);
        for (int i = 0; i < 10; i++) Assert.True(pacer.PassAsync(int.MaxValue, null, TrafficKind.Content, Cancel).AsTask().IsCompleted);
        Assert.True(Pass(pacer, TrafficKind.Content, Rate).IsCompleted);
        using var cancel = new CancellationTokenSource();
        var given = pacer.PassAsync(Rate, Rate, TrafficKind.Content, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
    }

    [Theory]
    [InlineData(-24)]
    [InlineData(24)]
    public async Task Clock_that_is_set_holds_nothing_up_and_lets_nothing_through(int hours)
    {
        var pacer = new RatePacer(_time);
        Assert.True(Pass(pacer, TrafficKind.Content, Rate).IsCompleted);
        _time.SetClock(TimeSpan.FromHours(hours));
        var second = Pass(pacer, TrafficKind.Content, Rate);
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await second;
        _time.SetClock(TimeSpan.FromHours(-hours));
        var third = Pass(pacer, TrafficKind.Content, Rate);
        Assert.False(third.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await third;
    }

    private static Task Pass(RatePacer pacer, TrafficKind kind, int bytes) => pacer.PassAsync(bytes, Rate, kind, Cancel).AsTask();
}
