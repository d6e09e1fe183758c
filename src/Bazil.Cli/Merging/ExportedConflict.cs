using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Merging;

/// <summary>The sides of one conflict as files that the server made. Disposing drops them, unless their merge was imported.</summary>
internal sealed class ExportedConflict : IAsyncDisposable
{
    private readonly CommandContext _context;
    private readonly ParseResult _parsed;
    private bool _isDone;

    private ExportedConflict(CommandContext context, ParseResult parsed, ConflictExportReply reply)
    {
        _context = context;
        _parsed = parsed;
        Reply = reply;
    }

    public ConflictExportReply Reply { get; }

    public string Output => Path.Combine(Reply.Directory, "output");

    public static async Task<ExportedConflict> CreateAsync(CommandContext context, ParseResult parsed, string? volume, string path, CancellationToken cancel) =>
        new(context, parsed, await context.CallAsync(parsed, ControlMethods.ConflictExport, new ConflictExportRequest(volume, path), cancel));

    /// <summary>Makes the output file the content, and settles the conflict with it.</summary>
    public async Task ImportAsync(CancellationToken cancel)
    {
        _isDone = true;
        await _context.CallAsync(_parsed, ControlMethods.ConflictImport, new ConflictImportRequest(Reply.Token, Discard: false), cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDone) return;
        await _context.CallAsync(_parsed, ControlMethods.ConflictImport, new ConflictImportRequest(Reply.Token, Discard: true), CancellationToken.None);
    }
}
