using System.Collections.Immutable;
using System.Globalization;
using Bazil.Server.Errors;

namespace Bazil.Server.Snapshots;

/// <summary>When the server takes snapshots of a volume, and which of those it keeps.</summary>
/// <param name="Every">The time between two.</param>
/// <param name="Keep">What any of the rules keeps stays; never empty.</param>
public sealed record SnapshotSchedule(TimeSpan Every, ImmutableArray<RetentionRule> Keep)
{
    /// <summary>What is kept unless something else is said.</summary>
    public const string DefaultKeep = "hourly=24,daily=7,weekly=4,monthly=12";

    /// <summary>A snapshot takes milliseconds, but each is a row and a line in every list.</summary>
    private static readonly TimeSpan EveryMin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan EveryMax = TimeSpan.FromDays(366);

    /// <summary>The rules as people write them.</summary>
    public string KeepText => string.Join(',', Keep.Select(static rule => string.Create(CultureInfo.InvariantCulture, $"{rule.Unit.ToString().ToLowerInvariant()}={rule.Count}")));

    /// <summary>The time as people write it.</summary>
    public string EveryText => Every.Ticks % TimeSpan.TicksPerDay == 0 ? Text(Every.Days, "d") : Every.Ticks % TimeSpan.TicksPerHour == 0 ? Text((int)Every.TotalHours, "h") : Text((int)Every.TotalMinutes, "m");

    /// <param name="every"><c>30m</c>, <c>1h</c>, <c>1d</c>, <c>1w</c>, or a word such as <c>hourly</c>.</param>
    /// <param name="keep"><c>hourly=24,daily=7</c> and so on.</param>
    /// <exception cref="CommandFailedException">One of both is not understood.</exception>
    public static SnapshotSchedule Parse(string every, string keep) => new(ParseEvery(every), ParseKeep(keep));

    public bool Equals(SnapshotSchedule? other) => other is not null && Every == other.Every && Keep.AsSpan().SequenceEqual(other.Keep.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Every, KeepText);

    private static string Text(int count, string unit) => string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");

    private static TimeSpan ParseEvery(string text)
    {
        TimeSpan every = text switch
        {
            "hourly" => TimeSpan.FromHours(1),
            "daily" => TimeSpan.FromDays(1),
            "weekly" => TimeSpan.FromDays(7),
            [.. var number, var unit] when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= 1_000_000 => unit switch
            {
                'm' => TimeSpan.FromMinutes(count),
                'h' => TimeSpan.FromHours(count),
                'd' => TimeSpan.FromDays(count),
                'w' => TimeSpan.FromDays(7L * count),
                _ => TimeSpan.Zero,
            },
            _ => TimeSpan.Zero,
        };
        return every >= EveryMin && every <= EveryMax
            ? every
            : throw new CommandFailedException(ErrorKind.Invalid, $"invalid interval \"{text}\"", "it is a number with m, h, d or w behind it, from 1m to 366d: for example 1h");
    }

    private static ImmutableArray<RetentionRule> ParseKeep(string text)
    {
        var rules = ImmutableArray.CreateBuilder<RetentionRule>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=') is not [var name, var number] || !char.IsLetter(name.FirstOrDefault()) || !Enum.TryParse(name, ignoreCase: true, out RetentionUnit unit)
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is 0 or > 100_000)
            {
                throw new CommandFailedException(
                    ErrorKind.Invalid, $"invalid retention \"{part}\"", $"it is one of last, hourly, daily, weekly, monthly and yearly with a number, several with commas between: {DefaultKeep}");
            }

            if (rules.Any(rule => rule.Unit == unit)) throw new CommandFailedException(ErrorKind.Invalid, $"invalid retention \"{text}\": it has {name} twice");
            rules.Add(new RetentionRule(unit, count));
        }

        if (rules.Count == 0) throw new CommandFailedException(ErrorKind.Invalid, "invalid retention: it keeps nothing", $"for example: {DefaultKeep}");
        return rules.ToImmutable();
    }
}
