using System.Globalization;

namespace Bazil.Cli.Output;

/// <summary>Times for people: where they are, to the second, so that they sort as text.</summary>
internal static class TimeText
{
    public static string Of(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The same of a time that came as text, in UTC.</summary>
    public static string OfText(string time) => Of(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture));
}
