using System.CommandLine;
using System.Security.Cryptography;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Cli.Commands.Sharing;

/// <summary><c>bazil sharing add NAME</c>, with the key on standard input.</summary>
internal static class SharingAddCommand
{
    private const int KeyBytes = 32;

    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "What to call the key on this machine" };
        var command = new Command("add", "Add a sharing key: exactly 32 bytes on standard input.") { name };
        command.SetAction(async (parsed, cancel) =>
        {
            if (context.Environment.InputIsTerminal)
            {
                throw new UsageException("the key is read from standard input, which is a terminal here; redirect it: bazil sharing add NAME <FILE");
            }

            byte[] secret = await ReadAsync(context.Environment, parsed.GetRequiredValue(name), cancel);
            try
            {
                await context.CallAsync(parsed, ControlMethods.SharingAdd, new SharingAddRequest(parsed.GetRequiredValue(name), secret), cancel);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(secret);
            }
        });
        return command;
    }

    private static async Task<byte[]> ReadAsync(CliEnvironment environment, string name, CancellationToken cancel)
    {
        await using Stream input = environment.OpenInput();

        // One byte more than a key, so that too much is noticed without reading all of it.
        byte[] buffer = new byte[KeyBytes + 1];
        int count = await input.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        byte[] secret = buffer[..KeyBytes];
        CryptographicOperations.ZeroMemory(buffer);
        if (count == KeyBytes) return secret;
        CryptographicOperations.ZeroMemory(secret);
        string found = count > KeyBytes ? "standard input has more" : $"standard input has {count}";
        throw new CommandFailedException(
            ErrorKind.Invalid,
            $"sharing key {name} must be exactly {KeyBytes} bytes; {found}",
            "make one with: dd if=/dev/urandom of=sekrit bs=32 count=1");
    }
}
