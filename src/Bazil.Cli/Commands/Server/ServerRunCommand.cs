using System.CommandLine;
using System.Net;
using Bazil.Cli.Parsing;
using Bazil.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Bazil.Cli.Commands.Server;

/// <summary><c>bazil server run</c></summary>
internal static class ServerRunCommand
{
    public static Command Create(CommandContext context)
    {
        var address = new Option<string?>("--addr") { Description = "Where to listen for peers, [HOST]:PORT; then no other port is tried", HelpName = "ADDR" };
        var anyPort = new Option<bool?>("--any-port") { Description = "Take any free port when the preferred one is taken (default: true, false with -addr)" };
        var manual = new Option<bool>("--no-sync") { Description = "Synchronise volumes only when told to, by bazil volume sync" };
        var command = new Command("run", "Run this node's server until it is told to stop (SIGTERM or Ctrl-C).") { address, anyPort, manual };
        command.SetAction(async (parsed, cancel) =>
        {
            string? given = parsed.GetValue(address);
            IPEndPoint endpoint = given is null ? DaemonOptions.PreferredEndpoint : ListenAddress.Parse(given);
            context.Environment.PrepareToServe();
            await Daemon.RunAsync(
                new DaemonOptions
                {
                    DataDirectory = context.DataDirectory(parsed),
                    Endpoint = endpoint,
                    AnyPort = parsed.GetValue(anyPort) ?? given is null,
                    LogLevel = context.IsDebug(parsed) ? LogLevel.Debug : context.IsVerbose(parsed) ? LogLevel.Information : LogLevel.Warning,
                    Messages = context.Environment.Error,
                    SynchronisesByItself = !parsed.GetValue(manual),
                    NotifySocket = context.Environment.GetVariable("NOTIFY_SOCKET"),
                },
                cancel);
        });
        return command;
    }
}
