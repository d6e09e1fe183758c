using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Errors;

namespace Bazil.Server.Tests.Config;

public sealed class RateRuleTests
{
    [Theory]
    [InlineData("2MiB/s", 2 << 20)]
    [InlineData("64KiB/s", 64 << 10)]
    [InlineData("1.5MB/s", 1_500_000)]
    [InlineData("500kB/s", 500_000)]
    [InlineData("1 GiB/s", 1 << 30)]
    public void Rates_are_read(string text, long rate) => Assert.Equal(rate, RateRule.ParseRate(text));

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("MiB/s")]
    [InlineData("-2MiB/s")]
    [InlineData("2MiB")]
    [InlineData("1KiB/s")]
    [InlineData("0MiB/s")]
    [InlineData("99999999999999999999GiB/s")]
    public void What_is_no_rate_is_refused(string text) => Assert.Throws<CommandFailedException>(() => RateRule.ParseRate(text));

    [Theory]
    [InlineData("08:00")]
    [InlineData("8-18")]
    [InlineData("08:00-24:00")]
    [InlineData("08:00-08:00")]
    [InlineData("08:00-18:00-20:00")]
    public void What_is_no_part_of_a_day_is_refused(string text) => Assert.Throws<CommandFailedException>(() => DayHours.Parse(text));

    [Fact]
    public void Hours_go_before_all_times_and_over_midnight()
    {
        RateRule[] rules =
        [
            new(new RateLimits(1 << 20, null), null),
            new(new RateLimits(2 << 20, 3 << 20), DayHours.Parse("08:00-18:00")),
            new(default, DayHours.Parse("22:00-06:30")),
        ];
        Assert.Equal(new RateLimits(1 << 20, null), RateRule.At(rules, new TimeOnly(7, 59)));
        Assert.Equal(new RateLimits(2 << 20, 3 << 20), RateRule.At(rules, new TimeOnly(8, 0)));
        Assert.Equal(new RateLimits(2 << 20, 3 << 20), RateRule.At(rules, new TimeOnly(17, 59, 59)));
        Assert.Equal(new RateLimits(1 << 20, null), RateRule.At(rules, new TimeOnly(18, 0)));
        Assert.Equal(default, RateRule.At(rules, new TimeOnly(23, 0)));
        Assert.Equal(default, RateRule.At(rules, new TimeOnly(6, 29)));
        Assert.Equal("up 2MiB/s, down 3MiB/s, at 08:00-18:00", rules[1].ToString());
    }

    [Fact]
    public void Each_direction_of_a_storage_follows_its_own_hours()
    {
        RateRule[] rules = [new(new RateLimits(1 << 20, null), null), new(new RateLimits(null, 3 << 20), DayHours.Parse("08:00-18:00")), new(new RateLimits(2 << 20, null), DayHours.Parse("12:00-13:00"))];
        Assert.Equal(new RateLimits(1 << 20, null), RateRule.EachAt(rules, new TimeOnly(7, 0)));
        Assert.Equal(new RateLimits(1 << 20, 3 << 20), RateRule.EachAt(rules, new TimeOnly(9, 0)));
        Assert.Equal(new RateLimits(2 << 20, 3 << 20), RateRule.EachAt(rules, new TimeOnly(12, 30)));
    }
}
