using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Bazil.Core;

/// <summary>Checks that stay on in Release. A failed one is a bug of ours: it stops the volume, not the process.</summary>
public static class Invariant
{
    /// <exception cref="InvariantException">The condition is false; the message holds its text and place.</exception>
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        if (!condition) Fail(expression, file, line);
    }

    [DoesNotReturn]
    private static void Fail(string expression, string file, int line) =>
        throw new InvariantException($"invariant violated: {expression} ({Path.GetFileName(file)}:{line})");
}
