using Bazil.Core;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Checking;
using Bazil.FileSystem.Reachability;
using Bazil.Server.Config;
using Bazil.Server.Volumes;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Checking;

/// <summary>Checks volumes of this node, beside their use. Safe for concurrent use.</summary>
internal sealed class VolumeChecker(VolumeRegistry volumes, IMetadataStore metadata, IEntropy entropy, TimeProvider clock)
{
    /// <summary>
    /// Runs beside a collection of garbage. A check goes by the rows of the moment when it began: what was deleted since may be collected
    /// before it gets there. So it calls nothing missing before a second, quick look by the rows of now misses it too.
    /// </summary>
    /// <param name="started">Gets the check as soon as its report can be asked for.</param>
    public async Task<CheckReport> RunAsync(VolumeConfig config, CheckOptions options, Action<VolumeCheck>? started, CancellationToken cancel)
    {
        CheckReport report = await RunOnceAsync(config, options, started, cancel);
        if (report.MissingCount == 0) return report;
        CheckReport now = await RunOnceAsync(config, options with { ReadPercent = 0 }, started: null, cancel);
        return now.MissingCount >= report.MissingCount ? report : await RunOnceAsync(config, options, started, cancel);
    }

    private async Task<CheckReport> RunOnceAsync(VolumeConfig config, CheckOptions options, Action<VolumeCheck>? started, CancellationToken cancel)
    {
        OpenVolume volume = await volumes.OpenAsync(config.Id, cancel);
        IReadOnlyList<HeldContent> held = await volume.Volume.ListHeldContentAsync(cancel);
        using IMetadataSnapshot view = metadata.Snapshot();
        var check = new VolumeCheck(volume.Keys.Uncached, volume.Keys.Inspector, options, Sampling(), clock);
        started?.Invoke(check);
        return await check.RunAsync(view, config.LocalNumber, held, cancel);
    }

    /// <summary>Compares the totals of the volume's directories with what is in them, and mends them.</summary>
    public async Task<AccountsReport> CheckAccountsAsync(VolumeConfig config, CancellationToken cancel) =>
        await (await volumes.OpenAsync(config.Id, cancel)).Volume.CheckAccountsAsync(cancel);

    /// <summary>Another part each time, so that a check of a few percent gets everywhere in the end.</summary>
    private Random Sampling()
    {
        Span<byte> seed = stackalloc byte[sizeof(int)];
        entropy.Fill(seed);
        return new Random(BitConverter.ToInt32(seed));
    }
}
