using System.CommandLine;
using System.Security.Cryptography;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Cli.Commands.Sharing;

/// <summary><c>bazil sharing export NAME [FILE]</c></summary>
internal static class SharingExportCommand
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the key on this machine" };
        var file = new Argument<string?>("FILE")
        {
            Description = "A file to be made, readable by its owner only (default: standard output, which must not be a terminal)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("export", "Write a sharing key, for another machine to add with: bazil sharing add NAME <FILE") { name, file };
        command.SetAction(async (parsed, cancel) =>
        {
            string? path = parsed.GetValue(file);
            if (path is null && context.Environment.OutputIsTerminal)
            {
                throw new UsageException("the key is written to standard output, which is a terminal here; name a file: bazil sharing export NAME FILE");
            }

            SharingExportReply key = await context.CallAsync(parsed, ControlMethods.SharingExport, new SharingRequest(parsed.GetRequiredValue(name)), cancel);
            try
            {
                await using Stream output = path is null ? context.Environment.OpenOutput() : CreateFile(context.Absolute(path));
                await output.WriteAsync(key.Secret, cancel);
                await output.FlushAsync(cancel);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(key.Secret);
            }

            string volumes = key.Volumes.Count == 0 ? "what is sealed with it" : $"volume {string.Join(", ", key.Volumes)}";
            await context.Environment.Error.WriteLineAsync($"bazil: whoever has this key can read {volumes}: carry it over a safe way, and delete the copy when it was added");
        });
        return command;
    }

    private static FileStream CreateFile(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ErrorKind.Failed, $"cannot make {path}: {e.Message}", "name a file that does not exist yet, in a directory that does", e);
        }
    }
}
