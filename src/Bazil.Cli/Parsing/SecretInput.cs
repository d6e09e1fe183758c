using System.Security.Cryptography;

namespace Bazil.Cli.Parsing;

/// <summary>Secrets on standard input.</summary>
internal static class SecretInput
{
    /// <summary>Reads a secret to its end. What else held it is cleared; the caller clears the result.</summary>
    /// <param name="environment">Where standard input is.</param>
    /// <param name="what">"the key is", "the credentials are".</param>
    /// <param name="example">The command with the secret redirected into it.</param>
    /// <param name="bytesMax">No more is read.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The secret, and whether standard input has more than that.</returns>
    /// <exception cref="UsageException">Standard input is a terminal, which would show it.</exception>
    public static async Task<(byte[] Secret, bool HasMore)> ReadAsync(CliEnvironment environment, string what, string example, int bytesMax, CancellationToken cancel)
    {
        if (environment.InputIsTerminal) throw new UsageException($"{what} read from standard input, which is a terminal here and would show it; redirect it: {example}");
        await using Stream input = environment.OpenInput();

        // One byte more, so that too much is noticed without reading all of it.
        byte[] buffer = new byte[bytesMax + 1];
        try
        {
            int count = await input.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
            return (buffer[..Math.Min(count, bytesMax)], count > bytesMax);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }
}
