using System.Globalization;
using System.Text;
using Bazil.Server.Errors;

namespace Bazil.Server.Commands;

/// <summary>Paths whose names may be any bytes, as text that names them for people and scripts: one line, and no two paths the same.</summary>
internal static class PathText
{
    /// <summary>The path with control characters, backslashes and bytes that are no UTF-8 as <c>\n</c>, <c>\\</c> or <c>\xNN</c>.</summary>
    public static string Of(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder(path.Length);
        while (!path.IsEmpty)
        {
            bool isText = Rune.DecodeFromUtf8(path, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            if (isText && rune.Value == '\\') text.Append(@"\\");
            else if (isText && rune.Value == '\n') text.Append(@"\n");
            else if (isText && !Rune.IsControl(rune)) text.Append(rune.ToString());
            else
            {
                foreach (byte value in path[..length]) text.Append(CultureInfo.InvariantCulture, $@"\x{value:x2}");
            }

            path = path[length..];
        }

        return text.ToString();
    }

    /// <summary>What is said of a path in a mounted volume where nothing is.</summary>
    public static CommandFailedException Missing(string path)
    {
        string parent = Path.GetDirectoryName(path) is { Length: > 0 } directory ? directory : "/";
        return new CommandFailedException(ErrorKind.NotFound, $"there is no {path}", $"see what is there: ls {parent}; and what was: bazil undelete -list {parent}");
    }
}
