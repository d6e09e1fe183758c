using System.CommandLine;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume</c></summary>
internal static class VolumeCommand
{
    public static Command Create(CommandContext context) =>
        new("volume", "Volumes: the file trees that you mount and share.")
        {
            VolumeCreateCommand.Create(context),
            VolumeConnectCommand.Create(context),
            VolumeImportCommand.Create(context),
            VolumeMountCommand.Create(context),
            VolumeUnmountCommand.Create(context),
            VolumeRemoveCommand.Create(context),
            VolumeSyncCommand.Create(context),
            VolumePendingCommand.Create(context),
            VolumeAcceptCommand.Create(context),
            VolumeRejectCommand.Create(context),
            VolumePauseCommand.Create(context, isPause: true),
            VolumePauseCommand.Create(context, isPause: false),
            VolumeListCommand.Create(context),
            VolumeShowCommand.Create(context),
            VolumeSetCommand.Create(context),
            VolumeRotateCommand.Create(context),
            VolumeMemberCommand.Create(context),
            VolumeStorageCommand.Create(context),
            VolumePolicyCommand.Create(context),
        };

    /// <summary>The argument that names a volume of this node.</summary>
    public static Argument<string> NameArgument() => new("VOLUMENAME") { Description = "Name of the volume on this machine" };

    public static Option<string> SharingOption() => new("--sharing")
    {
        Description = "Name of the sharing key that seals the volume",
        HelpName = "NAME",
        DefaultValueFactory = static _ => Bazil.Server.Config.ConfigStore.DefaultSharingKey,
    };

    public static Option<string> BackendOption() => new("--backend")
    {
        Description = "Where its objects are written: local, or an absolute path",
        HelpName = "STORAGE",
        DefaultValueFactory = static _ => "local",
    };
}
