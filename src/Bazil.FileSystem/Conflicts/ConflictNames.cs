using System.Text;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Conflicts;

/// <summary>Names for values that are kept beside the file that they conflict with: <c>report (conflict laptop@2026-01-02T03.04.05Z).txt</c>.</summary>
internal static class ConflictNames
{
    /// <summary>The first such name that is free.</summary>
    public static FileName Beside(FileName name, string label, Func<FileName, bool> isFree)
    {
        for (int number = 1; ; number++)
        {
            FileName candidate = Make(name.Span, number == 1 ? $" (conflict {label})" : $" (conflict {label} {number})");
            if (isFree(candidate)) return candidate;
        }
    }

    private static FileName Make(ReadOnlySpan<byte> name, string text)
    {
        // What follows the last dot says what kind of file it is; a name that begins with its only dot has none.
        int dot = name.LastIndexOf((byte)'.');
        if (dot <= 0 || name.Length - dot > 32) dot = name.Length;
        byte[] remark = Encoding.UTF8.GetBytes(text);
        int room = Limits.NameBytesMax - remark.Length - (name.Length - dot);
        return FileName.Parse([.. name[..Math.Min(dot, room)], .. remark, .. name[dot..]]);
    }
}
