using System.CommandLine;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage</c></summary>
internal static class VolumeStorageCommand
{
    public static Command Create(CommandContext context) =>
        new("storage", "Where a volume's objects are kept, and where else they are looked for.")
        {
            VolumeStorageAddCommand.Create(context),
            VolumeStorageLimitCommand.Create(context),
            VolumeStorageListCommand.Create(context),
            VolumeStorageReleaseCommand.Create(context),
            VolumeStorageRemoveCommand.Create(context),
            VolumeStorageSyncCommand.Create(context),
        };
}
