using System.Collections.Immutable;
using Bazil.Remotes.Packs;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Storage.Collection;
using Bazil.Storage.Pacing;

namespace Bazil.Server.Collection;

/// <summary>A store of packs in one collection of garbage.</summary>
/// <param name="names">What the volumes call it.</param>
/// <param name="store">The store.</param>
/// <param name="rates">What the volumes hold the copying to it to.</param>
/// <param name="removal">What may be removed.</param>
/// <param name="time">Tells the hour.</param>
internal sealed class PackCollection(IReadOnlyList<string> names, RemoteStore store, PackRemoval removal, IReadOnlyList<ImmutableArray<RateRule>> rates, TimeProvider time) : IElsewhereCollection
{
    private (long BytesPerSecond, BytePace Pace) _pace = (0, new BytePace(time, 0));

    public IReadOnlyList<string> Names => names;

    public string Address => store.Name;

    public SweepReport Sweep { get; private set; }

    public PackPlan Plan { get; private set; }

    public PackReclaim? Done { get; private set; }

    public string? Problem { get; private set; }

    public Task PrepareAsync(bool isDryRun, CancellationToken cancel) => TryAsync(async () =>
    {
        if (isDryRun) Done = await store.Packs.LookAsync(cancel);
        else await store.Packs.PrepareAsync(cancel);
    }, cancel);

    public async Task SweepAsync(SweepOrder order, CancellationToken cancel) => (Sweep, Plan) = await store.Packs.SweepRowsAsync(order, cancel);

    public Task ReclaimAsync(CancellationToken cancel) =>
        Problem is null ? TryAsync(async () => Done = await store.Packs.ReclaimAsync(removal, PaceAsync, cancel), cancel) : Task.CompletedTask;

    private async Task TryAsync(Func<Task> work, CancellationToken cancel)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is IOException && !cancel.IsCancellationRequested)
        {
            Problem = Failures.Describe(e).Message; // told to whoever asked; the others go on
        }
    }

    /// <summary>What is moved goes as fast as what is copied there may; of several volumes the slowest counts.</summary>
    private ValueTask PaceAsync(int bytes, CancellationToken cancel)
    {
        TimeOnly now = TimeOnly.FromDateTime(time.GetLocalNow().DateTime);
        long rate = rates.Min(rules => RateRule.EachAt(rules, now).Up) ?? 0;
        if (_pace.BytesPerSecond != rate) _pace = (rate, new BytePace(time, rate, Remotes.Limits.PackSizeBytes));
        return _pace.Pace.WaitAsync(bytes, cancel);
    }
}
