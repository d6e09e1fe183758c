using System.Globalization;
using Bazil.Server.Errors;

namespace Bazil.Server.Config;

/// <summary>Sizes as people write them.</summary>
internal static class ByteSize
{
    private const string Off = "off";

    private static readonly (string Suffix, long Factor)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ];

    /// <summary>Reads <c>10GiB</c> or <c>500MB</c>; null for <c>off</c>.</summary>
    /// <exception cref="CommandFailedException">It is neither.</exception>
    public static long? ParseOrOff(string text)
    {
        if (text == Off) return null;
        foreach ((string suffix, long factor) in s_units)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal)) continue;
            if (!decimal.TryParse(text.AsSpan(0, text.Length - suffix.Length).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) || value <= 0 || value > 1_000_000) break;
            return (long)(value * factor) > 0 ? (long)(value * factor) : 1;
        }

        throw new CommandFailedException(ErrorKind.Invalid, $"\"{text}\" is not a size: write 500MiB, 10GiB, 1.5TB or the like, or off");
    }
}
