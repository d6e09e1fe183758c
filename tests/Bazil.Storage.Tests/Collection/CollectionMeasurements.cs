using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Collection;

/// <summary>Time and memory of a collection at scale, with <c>BAZIL_GC_OBJECTS=10000000</c> (and a Release build). The store is only a list of ids; the rows are real.</summary>
public sealed class CollectionMeasurements(ITestOutputHelper output)
{
    [Fact]
    public async Task Collection_at_scale()
    {
        string? setting = Environment.GetEnvironmentVariable("BAZIL_GC_OBJECTS");
        Assert.SkipWhen(setting is null, "BAZIL_GC_OBJECTS is not set");
        int count = int.Parse(setting, CultureInfo.InvariantCulture);
        using var directory = new TempDirectory();
        using RocksDbMetadataStore metadata = RocksDbMetadataStore.Create(Path.Combine(directory.Path, "metadata"), TimeProvider.System);
        await using var store = new CollectingObjectStore(new NumberedStore(count), metadata, new SodiumEntropy());
        for (int generation = 1; generation <= 3; generation++)
        {
            long before = GC.GetTotalMemory(forceFullCollection: true);
            var clock = Stopwatch.StartNew();
            using ObjectCollection collection = store.Begin(isDryRun: false);
            for (int number = 0; number < count; number++)
            {
                if (number % 10 != 0) collection.Mark(Ids.Of(number)); // one in ten is garbage
            }

            double marked = clock.Elapsed.TotalSeconds;
            SweepReport report = await collection.SweepAsync(_ => generation > 2, Pace.Full, TestContext.Current.CancellationToken);
            long used = GC.GetTotalMemory(forceFullCollection: true) - before;
            collection.Complete(new MetadataBatch(), DateTimeOffset.UnixEpoch);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"collection {generation} of {count} objects: {marked:f1} s marking (ids hashed), {clock.Elapsed.TotalSeconds - marked:f1} s sweeping; marks {collection.MarksSizeBytes >> 20} MiB, heap {used >> 20} MiB more; {report.Fossilised.Objects} fossils made, {report.Waiting.Objects} waiting, {report.Deleted.Objects} deleted"));
        }
    }

    /// <summary>Ids of the numbers below a count, without content.</summary>
    private sealed class NumberedStore(int count) : IObjectStore
    {
        public string Name => "numbers";

        public ValueTask<System.Buffers.IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromResult<System.Buffers.IMemoryOwner<byte>?>(null);

        public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => ValueTask.CompletedTask;

        public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromResult(true);

        public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromResult(true);

        public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
        {
            for (int number = 0; number < count; number++) yield return Ids.Of(number);
            await ValueTask.CompletedTask;
        }

        public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
