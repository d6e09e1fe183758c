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
        (byte[] secret, bool hasMore) = await SecretInput.ReadAsync(environment, "the key is", "bazil sharing add NAME <FILE", KeyBytes, cancel);
        if (!hasMore && secret.Length == KeyBytes) return secret;
        CryptographicOperations.ZeroMemory(secret);
        string found = hasMore ? "standard input has more" : $"standard input has {secret.Length}";
        throw new CommandFailedException(
            ErrorKind.Invalid,
            $"sharing key {name} must be exactly {KeyBytes} bytes; {found}",
            "make one with: dd if=/dev/urandom of=sekrit bs=32 count=1");
    }
}
