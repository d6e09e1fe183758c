using System.Globalization;
using System.Text;

namespace Bazil.Fuse.Mount;

/// <summary>What is mounted where, from the kernel itself. Reading it touches none of the mounts, so a dead one does no harm.</summary>
internal static class MountTable
{
    private const string Path = "/proc/self/mountinfo";

    /// <summary>MINORBITS (linux/kdev_t.h).</summary>
    private const int MinorBits = 20;

    /// <summary>What users see at <paramref name="mountpoint"/>: the last thing mounted there.</summary>
    internal static bool TryFind(string mountpoint, out MountTableEntry entry)
    {
        entry = default;
        var found = false;
        foreach (var line in File.ReadLines(Path))
        {
            if (!TryParse(line, out var candidate) || candidate.Mountpoint != mountpoint) continue;
            entry = candidate;
            found = true;
        }

        return found;
    }

    /// <summary>
    /// Parses a line such as <c>36 35 0:52 / /mnt rw,nosuid shared:1 - fuse.memory memory rw,user_id=0</c>
    /// (proc_pid_mountinfo(5)); the optional fields end at the dash.
    /// </summary>
    internal static bool TryParse(string line, out MountTableEntry entry)
    {
        entry = default;
        var fields = line.Split(' ');
        var dash = Array.IndexOf(fields, "-", Math.Min(6, fields.Length));
        if (dash < 0 || dash + 1 >= fields.Length) return false;
        var colon = fields[2].IndexOf(':', StringComparison.Ordinal);
        if (colon < 0
            || !uint.TryParse(fields[2].AsSpan(0, colon), CultureInfo.InvariantCulture, out var major)
            || !uint.TryParse(fields[2].AsSpan(colon + 1), CultureInfo.InvariantCulture, out var minor)) return false;
        entry = new MountTableEntry((major << MinorBits) | minor, Unescape(fields[3]), Unescape(fields[4]), fields[dash + 1]);
        return true;
    }

    /// <summary>The kernel writes space, tab, newline and backslash as a backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        var bytes = Encoding.UTF8.GetBytes(field);
        var length = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (TryOctal(bytes.AsSpan(i), out var value))
            {
                bytes[length++] = value;
                i += 3;
            }
            else
            {
                bytes[length++] = bytes[i];
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static bool TryOctal(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        if (text.Length < 4 || text[0] != '\\') return false;
        var number = 0;
        foreach (var digit in text.Slice(1, 3))
        {
            if (digit is < (byte)'0' or > (byte)'7') return false;
            number = (number * 8) + digit - '0';
        }

        value = (byte)number;
        return true;
    }
}
