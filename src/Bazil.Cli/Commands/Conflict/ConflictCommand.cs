using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Conflict;

/// <summary><c>bazil conflict</c></summary>
internal static class ConflictCommand
{
    public static Command Create(CommandContext context) =>
        new("conflict", "What members changed without knowing of each other: look at it, compare it, settle it.")
        {
            ConflictListCommand.Create(context),
            ConflictShowCommand.Create(context),
            ConflictDiffCommand.Create(context),
            ConflictResolveCommand.Create(context),
        };

    public static Option<string?> VolumeOption() => new("--volume") { Description = "Only this volume, mounted or not; paths then count from its root", HelpName = "VOLUMENAME" };

    /// <summary>Paths as the server takes them: absolute, or as they are with a volume.</summary>
    public static string[] PathsOf(CommandContext context, string? volume, IEnumerable<string> paths) =>
        [.. paths.Select(path => volume is null ? HistoryCommand.PathOf(context, path) : path)];

    /// <summary>Lines for people about what was left as it is. Returns the exit code.</summary>
    public static int PrintLeft(CliEnvironment environment, IReadOnlyList<LeftInfo> left)
    {
        foreach (LeftInfo one in left) environment.Error.WriteLine($"bazil: {one.Volume}: {one.Path}: {one.Reason}");
        return left.Count == 0 ? ExitCode.Ok : ExitCode.Error;
    }

    public static string SizeText(ConflictValueInfo value) => value.Detail ?? (value.Bytes is { } bytes && value.Type == "file" ? ByteText.Of((long)Math.Min(bytes, long.MaxValue)) : value.Type);
}
