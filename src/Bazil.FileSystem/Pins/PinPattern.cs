using System.Diagnostics.CodeAnalysis;
using System.Text;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Pins;

/// <summary>
/// Which paths of a volume a pin is about, from its root: names between slashes, in which <c>*</c> stands for anything, <c>?</c> for one character, and <c>\</c> before a character for
/// itself; <c>**</c> alone stands for any directories, none included. A directory that it names counts with all below it. Letters count as they are. Immutable.
/// <para>A path is looked at name by name: a set of places in the pattern is where one may be after so many names, so a tree is walked once, and what cannot match is left out.</para>
/// </summary>
public sealed class PinPattern : IEquatable<PinPattern>
{
    private static readonly byte[] AnyDirectories = "**"u8.ToArray();

    private readonly byte[][] _parts;

    private PinPattern(string text, byte[][] parts)
    {
        Text = text;
        _parts = parts;
    }

    /// <summary>As it is stored and shown, without slashes at its ends.</summary>
    public string Text { get; }

    /// <summary>Where one is at the root.</summary>
    internal ulong Start => At(0);

    public static bool TryParse(string text, [NotNullWhen(true)] out PinPattern? pattern)
    {
        pattern = null;
        string trimmed = text.Trim('/');
        byte[][] parts = [.. trimmed.Split('/').Select(Encoding.UTF8.GetBytes)];
        if (parts.Length > Limits.PinPatternPartsMax || Encoding.UTF8.GetByteCount(trimmed) > Limits.PinPatternBytesMax) return false;
        if (parts.Any(static part => !FileName.TryCreate(part, out _) || part[^1] == '\\')) return false;
        pattern = new PinPattern(trimmed, parts);
        return true;
    }

    public bool Equals(PinPattern? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as PinPattern);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    /// <summary>Where one may be below: 0 when nothing there can match.</summary>
    internal ulong Step(ulong places, ReadOnlySpan<byte> name)
    {
        ulong next = 0;
        for (int place = 0; place < _parts.Length; place++)
        {
            if ((places & (1UL << place)) == 0) continue;
            if (IsAnyDirectories(place)) next |= At(place);
            else if (IsMatch(_parts[place], name)) next |= At(place + 1);
        }

        return next;
    }

    /// <summary>Whether what one has come to is named by the pattern.</summary>
    internal bool IsMatch(ulong places) => (places & (1UL << _parts.Length)) != 0;

    /// <summary>The place, and those that one may step on to without a name.</summary>
    private ulong At(int place)
    {
        ulong places = 1UL << place;
        while (place < _parts.Length && IsAnyDirectories(place)) places |= 1UL << ++place;
        return places;
    }

    private bool IsAnyDirectories(int place) => _parts[place].AsSpan().SequenceEqual(AnyDirectories);

    /// <summary>The usual matching of one name: on a mismatch the last star takes one byte more.</summary>
    private static bool IsMatch(ReadOnlySpan<byte> part, ReadOnlySpan<byte> name)
    {
        int at = 0, from = 0, star = -1, starFrom = 0;
        while (from < name.Length)
        {
            if (at < part.Length && part[at] == '*')
            {
                (star, starFrom) = (at++, from);
                continue;
            }

            if (at < part.Length && TryTake(part, ref at, name, ref from)) continue;
            if (star < 0) return false;
            (at, from) = (star + 1, ++starFrom);
        }

        while (at < part.Length && part[at] == '*') at++;
        return at == part.Length;
    }

    private static bool TryTake(ReadOnlySpan<byte> part, ref int at, ReadOnlySpan<byte> name, ref int from)
    {
        if (part[at] == '?')
        {
            at++;
            from++;
            while (from < name.Length && (name[from] & 0xC0) == 0x80) from++; // the rest of a character in UTF-8
            return true;
        }

        int literal = part[at] == '\\' ? at + 1 : at;
        if (part[literal] != name[from]) return false;
        at = literal + 1;
        from++;
        return true;
    }
}
