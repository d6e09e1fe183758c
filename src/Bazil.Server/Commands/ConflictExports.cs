using System.Collections.Concurrent;
using System.Globalization;
using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Server.Control.Messages;
using Bazil.Server.DataDirectories;
using Bazil.Server.Errors;

namespace Bazil.Server.Commands;

/// <summary>
/// The sides of conflicts as files below the data directory, for programs that compare and merge them: the server reads no mount of its own, and runs
/// no such program. Files of an earlier start are removed. Safe for concurrent use.
/// </summary>
internal sealed class ConflictExports
{
    private const string Output = "output";
    private readonly string _root;
    private readonly IEntropy _entropy;
    private readonly ConcurrentDictionary<string, Export> _open = new();

    public ConflictExports(DataDirectory directory, IEntropy entropy)
    {
        _root = Path.Combine(directory.Path, "merges");
        _entropy = entropy;
        if (Directory.Exists(_root)) Directory.Delete(_root, recursive: true);
    }

    public async Task<ConflictExportReply> ExportAsync(Volume volume, Conflict conflict, ConflictInfo info, CancellationToken cancel)
    {
        while (_open.Count >= Limits.ExportsMax && _open.Values.MinBy(static export => export.Number) is { } oldest) Drop(oldest);
        byte[] random = new byte[16];
        _entropy.Fill(random);
        string token = Convert.ToHexStringLower(random), directory = Path.Combine(_root, token);
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var export = new Export(_open.Values.Select(static other => other.Number).DefaultIfEmpty().Max() + 1, token, directory, volume, conflict);
        _open[token] = export;
        try
        {
            var files = new List<ExportedValueInfo>();
            for (int index = 0; index < conflict.Values.Count; index++)
            {
                ConflictValue value = conflict.Values[index];
                string? file = value.Content is { Form: not ContentForm.Special } ? Path.Combine(directory, index == 0 ? "ours" : index == 1 ? "theirs" : "theirs" + index.ToString(CultureInfo.InvariantCulture)) : null;
                if (file is not null) await WriteAsync(volume, value.Content!, file, cancel);
                files.Add(new ExportedValueInfo(value.Label, index == 0, file));
            }

            return new ConflictExportReply(token, directory, info, files);
        }
        catch
        {
            Drop(export);
            throw;
        }
    }

    public async Task<Nothing> ImportAsync(ConflictImportRequest request, CancellationToken cancel)
    {
        if (!_open.TryGetValue(request.Token, out Export? export)) throw new CommandFailedException(ErrorKind.NotFound, "these files are not known to the server any more", "start over: bazil conflict resolve");
        try
        {
            if (request.Discard) return Nothing.Instance;
            string path = PathText.Of(export.Conflict.Path.Span);
            if (export.Conflict.Kind != ConflictKind.Content || export.Conflict.Values[0].NodeKind != NodeKind.File)
            {
                throw new CommandFailedException(ErrorKind.Invalid, $"{path} cannot be merged: only the contents of one regular file can", "keep one of its sides, or both");
            }

            await using FileStream merged = Open(Path.Combine(export.Directory, Output), path);
            ConflictOutcome outcome = await export.Volume.SettleWithContentAsync(export.Conflict, merged, cancel);
            if (ConflictCommands.ReasonOf(outcome) is { } reason) throw new CommandFailedException(ErrorKind.Busy, $"{path} was not resolved: {reason}");
            await export.Volume.SyncAsync(cancel);
            return Nothing.Instance;
        }
        finally
        {
            Drop(export);
        }
    }

    private static FileStream Open(string file, string path)
    {
        var info = new FileInfo(file);
        if (!info.Exists || info.LinkTarget is not null) throw new CommandFailedException(ErrorKind.Invalid, $"{path} was not resolved: the merge tool wrote no result", "it must write the file that it is given as output");
        return new FileStream(file, FileMode.Open, FileAccess.Read);
    }

    private static async Task WriteAsync(Volume volume, ContentValue content, string file, CancellationToken cancel)
    {
        await using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        await volume.ExportAsync(content, stream, cancel);
    }

    private void Drop(Export export)
    {
        if (!_open.TryRemove(export.Token, out _)) return;
        if (Directory.Exists(export.Directory)) Directory.Delete(export.Directory, recursive: true);
    }

    private sealed record Export(long Number, string Token, string Directory, Volume Volume, Conflict Conflict);
}
