using System.Globalization;

namespace Bazil.Cli.Output;

/// <summary>Times for people: where they are, to the second, so that they sort as text.</summary>
internal static class TimeText
{
    public static string Of(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>How long something takes, in its largest unit and the next: <c>2 h 05 min</c>, <c>3 min 20 s</c>, <c>12 s</c>.</summary>
    public static string OfDuration(TimeSpan span) => span.TotalSeconds switch
    {
        >= 3600 => string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalHours} h {span.Minutes:00} min"),
        >= 60 => string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds:00} s"),
        var seconds => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds):0} s"),
    };

    /// <summary>The same of a time that came as text, in UTC.</summary>
    public static string OfText(string time) => Of(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture));
}
