using System.CommandLine;
using Bazil.Cli.Merging;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Cli.Commands.Conflict;

/// <summary><c>bazil conflict diff [-volume=VOLUMENAME] PATH</c></summary>
internal static class ConflictDiffCommand
{
    /// <summary>A NUL within it says that a file is no text, as grep and git do.</summary>
    private const int ProbedBytes = 8000;

    public static Command Create(CommandContext context)
    {
        Option<string?> volume = ConflictCommand.VolumeOption();
        var path = new Argument<string>("PATH") { Description = "A file that is in conflict" };
        var command = new Command("diff", "Compare what is in place with each other side, as diff -u does.") { volume, path };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(volume);
            string asked = ConflictCommand.PathsOf(context, name, [parsed.GetRequiredValue(path)])[0];
            await using ExportedConflict exported = await ExportedConflict.CreateAsync(context, parsed, name, asked, cancel);
            for (int index = 1; index < exported.Reply.Files.Count; index++) await CompareAsync(context.Environment, exported.Reply, index, cancel);
        });
        return command;
    }

    private static async Task CompareAsync(CliEnvironment environment, ConflictExportReply reply, int index, CancellationToken cancel)
    {
        ExportedValueInfo ours = reply.Files[0], theirs = reply.Files[index];
        if (ours.File is null || theirs.File is null || !IsText(ours.File) || !IsText(theirs.File))
        {
            ConflictValueInfo a = reply.Conflict.Values[0], b = reply.Conflict.Values[index];
            await environment.Output.WriteLineAsync($"{reply.Conflict.Path} differs: {a.Label} is {Describe(a)}, {b.Label} is {Describe(b)}");
            return;
        }

        string[] command = ["diff", "-u", "--label", $"{reply.Conflict.Path} {ours.Label}", "--label", $"{reply.Conflict.Path} {theirs.Label}", ours.File, theirs.File];
        int code = await ChildProgram.RunAsync(environment, command, new Dictionary<string, string>(), capturesOutput: true, cancel);
        if (code > 1) throw new CommandFailedException(ErrorKind.Failed, $"diff failed with exit code {code}");
    }

    private static string Describe(ConflictValueInfo value) => value.Bytes is { } bytes && value.Type == "file" ? $"a file of {bytes} bytes" : $"a {value.Type}";

    private static bool IsText(string file)
    {
        using FileStream stream = File.OpenRead(file);
        byte[] start = new byte[ProbedBytes];
        int count = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return !start.AsSpan(0, count).Contains((byte)0);
    }
}
