using System.Globalization;

namespace Bazil.Cli.Output;

/// <summary>Sizes for people: three digits and a binary unit.</summary>
internal static class ByteText
{
    private static readonly string[] _units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    public static string Of(long bytes)
    {
        double value = bytes;
        int unit = 0;
        for (; value >= 1000 && unit < _units.Length - 1; unit++) value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value.ToString(unit == 0 || value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture)} {_units[unit]}");
    }
}
