using System.CommandLine;
using Bazil.Cli.Commands.Conflict;
using Bazil.Cli.Commands.Debug;
using Bazil.Cli.Commands.Peer;
using Bazil.Cli.Commands.Pin;
using Bazil.Cli.Commands.Secret;
using Bazil.Cli.Commands.Server;
using Bazil.Cli.Commands.Sharing;
using Bazil.Cli.Commands.Snapshot;
using Bazil.Cli.Commands.Store;
using Bazil.Cli.Commands.Trash;
using Bazil.Cli.Commands.Volume;
using Bazil.Cli.Parsing;

namespace Bazil.Cli.Commands;

/// <summary>The root of the command tree.</summary>
internal static class BazilCommand
{
    public static RootCommand Create(CommandContext context)
    {
        var root = new RootCommand("A personal distributed file system: many machines, no central server, everything encrypted.")
        {
            CreateCommand.Create(context),
            ServerCommand.Create(context),
            StatusCommand.Create(context),
            SyncCommand.Create(context),
            DuCommand.Create(context),
            GetCommand.Create(context),
            PushCommand.Create(context),
            WhereisCommand.Create(context),
            PinCommand.Create(context),
            PinCommand.CreateUnpin(context),
            EvictCommand.Create(context),
            CheckCommand.Create(context),
            PubkeyCommand.Create(context),
            SharingCommand.Create(context),
            SecretCommand.Create(context),
            VolumeCommand.Create(context),
            SnapshotCommand.Create(context),
            HistoryCommand.Create(context),
            UndeleteCommand.Create(context),
            ConflictCommand.Create(context),
            TrashCommand.Create(context),
            PeerCommand.Create(context),
            StoreCommand.Create(context),
            GcCommand.Create(context),
            DebugCommand.Create(context),
            VersionCommand.Create(context),
        };
        foreach (Option option in context.GlobalOptions) root.Add(option);
        UsageHelp.Use(root);
        return root;
    }
}
