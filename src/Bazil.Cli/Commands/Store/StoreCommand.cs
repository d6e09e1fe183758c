using System.CommandLine;

namespace Bazil.Cli.Commands.Store;

/// <summary><c>bazil store</c></summary>
internal static class StoreCommand
{
    public static Command Create(CommandContext context) =>
        new("store", "This node's own store, where the content of its volumes lies.")
        {
            StoreShowCommand.Create(context),
            StoreConvertCommand.Create(context),
            StoreCacheCommand.Create(context),
        };
}
