using System.CommandLine;

namespace Bazil.Cli.Commands.Secret;

/// <summary><c>bazil secret</c></summary>
internal static class SecretCommand
{
    public static Command Create(CommandContext context) =>
        new("secret", "Credentials of storages (s3:), kept in the data directory under names.")
        {
            SecretSetCommand.Create(context),
            SecretListCommand.Create(context),
            SecretRemoveCommand.Create(context),
        };
}
