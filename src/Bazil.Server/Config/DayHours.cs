using System.Globalization;
using Bazil.Server.Errors;

namespace Bazil.Server.Config;

/// <summary>A part of each day by the local clock, such as 08:00-18:00; from 22:00 to 06:00 goes over midnight.</summary>
/// <param name="FromMinute">Of the day, included.</param>
/// <param name="ToMinute">Of the day, not included; another than the first.</param>
public readonly record struct DayHours(int FromMinute, int ToMinute)
{
    public const int MinutesPerDay = 24 * 60;

    /// <exception cref="CommandFailedException">It is not a part of a day.</exception>
    public static DayHours Parse(string text)
    {
        string[] ends = text.Split('-');
        return ends.Length == 2 && TryParse(ends[0], out int from) && TryParse(ends[1], out int to) && from != to
            ? new DayHours(from, to)
            : throw new CommandFailedException(ErrorKind.Invalid, $"\"{text}\" is not a part of a day: write 08:00-18:00 or the like");
    }

    public bool Contains(TimeOnly time)
    {
        int minute = (time.Hour * 60) + time.Minute;
        return FromMinute < ToMinute ? minute >= FromMinute && minute < ToMinute : minute >= FromMinute || minute < ToMinute;
    }

    public override string ToString() => $"{Text(FromMinute)}-{Text(ToMinute)}";

    private static bool TryParse(string text, out int minute)
    {
        bool isTime = TimeOnly.TryParseExact(text.Trim(), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time);
        minute = (time.Hour * 60) + time.Minute;
        return isTime;
    }

    private static string Text(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");
}
