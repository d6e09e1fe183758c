using System.CommandLine;
using System.Security.Cryptography;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Cli.Commands.Secret;

/// <summary><c>bazil secret set NAME</c>, with the credentials on standard input.</summary>
internal static class SecretSetCommand
{
    private const int BytesMax = 16 << 10;

    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "What storages call it: -secret=NAME" };
        var command = new Command("set", "Keep credentials, given on standard input as in ~/.aws/credentials, or as two lines: access key and secret key. Replaces those of that name, also for storages that use them.") { name };
        command.SetAction(async (parsed, cancel) =>
        {
            byte[] content = await ReadAsync(context.Environment, parsed.GetRequiredValue(name), cancel);
            try
            {
                await context.CallAsync(parsed, ControlMethods.SecretSet, new SecretSetRequest(parsed.GetRequiredValue(name), content), cancel);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(content);
            }
        });
        return command;
    }

    private static async Task<byte[]> ReadAsync(CliEnvironment environment, string name, CancellationToken cancel)
    {
        (byte[] content, bool hasMore) = await SecretInput.ReadAsync(environment, "the credentials are", "bazil secret set NAME <FILE", BytesMax, cancel);
        if (!hasMore) return content;
        CryptographicOperations.ZeroMemory(content);
        throw new CommandFailedException(ErrorKind.Invalid, $"secret {name} is longer than {BytesMax} bytes", "give nothing but the credentials");
    }
}
