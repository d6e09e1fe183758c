using System.Globalization;
using Bazil.Peers;
using Bazil.Server.Errors;

namespace Bazil.Server.Config;

/// <summary>A limit of the rates with one peer or storage, at all times or between two times of each day.</summary>
/// <param name="Limits">Bytes per second.</param>
/// <param name="Hours">When; null at all times for which there is no other rule.</param>
public sealed record RateRule(RateLimits Limits, DayHours? Hours)
{
    private static readonly (string Suffix, long Factor)[] s_units = [("KiB/s", 1L << 10), ("MiB/s", 1L << 20), ("GiB/s", 1L << 30), ("kB/s", 1000), ("MB/s", 1_000_000), ("GB/s", 1_000_000_000)];

    /// <summary>Reads a rate: <c>2MiB/s</c>, <c>500kB/s</c>.</summary>
    /// <exception cref="CommandFailedException">It is not a rate, or less than what a peer can be held to.</exception>
    public static long ParseRate(string text)
    {
        foreach ((string suffix, long factor) in s_units)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal)) continue;
            if (!decimal.TryParse(text.AsSpan(0, text.Length - suffix.Length).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) || value > 1_000_000) break;
            long rate = (long)(value * factor);
            if (rate >= RateLimits.BytesPerSecondMin) return rate;
            throw new CommandFailedException(ErrorKind.Invalid, $"a rate of {text} is too little: at least 64KiB/s, or a peer would be taken for dead");
        }

        throw new CommandFailedException(ErrorKind.Invalid, $"\"{text}\" is not a rate: write 500KiB/s, 2MiB/s, 1.5MB/s or the like");
    }

    /// <summary>For people: a rate in the largest unit that loses nothing a person would miss.</summary>
    public static string TextOf(long? rate) => rate switch
    {
        null => "unlimited",
        >= 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{rate.Value / (double)(1 << 20):0.##}MiB/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{rate.Value / 1024.0:0.##}KiB/s"),
    };

    /// <summary>The limits that count at a time of the day: those of its hours before those of all times.</summary>
    public static RateLimits At(IEnumerable<RateRule> rules, TimeOnly now)
    {
        RateLimits otherwise = default;
        foreach (RateRule rule in rules)
        {
            if (rule.Hours is null) otherwise = rule.Limits;
            else if (rule.Hours.Value.Contains(now)) return rule.Limits;
        }

        return otherwise;
    }

    /// <summary>The same for each direction by itself: hours that limit one of them leave the other one as it is otherwise.</summary>
    public static RateLimits EachAt(IReadOnlyCollection<RateRule> rules, TimeOnly now) => new(
        At(rules.Where(static rule => rule.Limits.Up is not null), now).Up, At(rules.Where(static rule => rule.Limits.Down is not null), now).Down);

    public override string ToString() => $"up {TextOf(Limits.Up)}, down {TextOf(Limits.Down)}{(Hours is { } hours ? $", at {hours}" : "")}";
}
