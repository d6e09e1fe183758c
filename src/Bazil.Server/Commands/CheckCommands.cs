using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Checking;
using Bazil.Server.Checking;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Server.Commands;

/// <summary><c>bazil check</c>. A caller that hangs up ends its check.</summary>
internal sealed class CheckCommands(ConfigStore config, VolumeChecker checker, CheckLedger ledger)
{
    // Checks under way by their tickets.
    private readonly ConcurrentDictionary<string, (string Volume, VolumeCheck Check)> _running = new();

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.Check, CheckAsync);
        dispatcher.Add(ControlMethods.CheckProgress, (request, _) => Task.FromResult(Progress(request)));
    }

    /// <summary>What is known of the content of each volume, for <c>bazil status</c>.</summary>
    public static IEnumerable<CheckSummary> Summaries(ConfigStore config, CheckLedger ledger)
    {
        foreach (VolumeConfig volume in config.ListVolumes())
        {
            CheckRecord record = ledger.Read(volume.Id);
            if (record.FinishedAt is null && record.NextSlice == 0) continue;
            yield return new CheckSummary(
                volume.Name,
                record.FinishedAt?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                record.Finished.ChunkCount,
                record.Finished.ReadCount,
                record.Finished.HealedCount,
                Math.Max(record.Finished.LostPathCount, record.UnderWay.LostPathCount),
                record.NextSlice * 100 / Limits.ScrubSliceCount);
        }
    }

    private async Task<CheckReply> CheckAsync(CheckRequest request, CancellationToken cancel)
    {
        if (request.ReadPercent is not (>= 0 and <= 100))
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"{request.ReadPercent} is no percentage", "give a number from 0 to 100: bazil check -read-data=10");
        }

        IReadOnlyList<VolumeConfig> volumes = request.Volume is { } name ? [config.GetVolume(name)] : [.. config.ListVolumes()];
        var watch = Stopwatch.StartNew();
        var results = new List<VolumeCheckInfo>();
        try
        {
            foreach (VolumeConfig volume in volumes)
            {
                var options = new CheckOptions { ReadPercent = request.ReadPercent };
                CheckReport report = await checker.RunAsync(volume, options, check => _running[request.Ticket] = (volume.Name, check), cancel);

                // Whatever found it, loss is told until a check that read everything finds none.
                if (request.ReadPercent >= 100 || report.LostPathCount > 0) ledger.AddCheck(volume.Id, report);
                AccountsReport accounts = await checker.CheckAccountsAsync(volume, cancel);
                results.Add(Describe(volume.Name, report) with { MendedDirectories = accounts.DriftedCount });
            }
        }
        finally
        {
            _running.TryRemove(request.Ticket, out _);
        }

        return new CheckReply(results, results.Any(static result => result.Damaged + result.Missing > 0), watch.Elapsed.TotalSeconds);
    }

    private CheckProgressReply Progress(CheckProgressRequest request) =>
        new(_running.TryGetValue(request.Ticket, out (string Volume, VolumeCheck Check) running) ? Describe(running.Volume, running.Check.Report()) : null);

    private static VolumeCheckInfo Describe(string volume, CheckReport report) => new(
        volume,
        report.ChunkCount,
        report.ReadCount,
        report.ReadBytes,
        report.ElsewhereCount,
        report.HealedCount,
        report.DamagedCount,
        report.MissingCount,
        report.UnknownCount,
        [.. report.Lost.Select(static path => new AffectedPathInfo(path.Path, path.Reason))],
        report.LostPathCount,
        [.. report.Unreached.Select(static path => new AffectedPathInfo(path.Path, path.Reason))]);
}
