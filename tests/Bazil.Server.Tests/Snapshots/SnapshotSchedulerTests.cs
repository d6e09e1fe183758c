using System.Text;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Fuse;
using Bazil.Server.Snapshots;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.Server.Tests.Snapshots;

/// <summary>The schedule on a real volume, with a clock of its own.</summary>
public sealed class SnapshotSchedulerTests : IAsyncLifetime
{
    private readonly SettableClock _clock = new();
    private readonly SharingKey _sharingKey = new(new byte[SharingKey.Size]);
    private readonly SigningKey _identity = SigningKey.FromSeed(new byte[SigningKey.SeedSize]);
    private readonly DirtyBudget _budget = new();
    private Volume _volume = null!;
    private VolumeFileSystem _files = null!;
    private int _changes;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, new MemoryObjectStore("memory"));
        var options = new VolumeOptions
        {
            Name = "test",
            Id = VolumeId.Random(new SodiumEntropy()),
            LocalNumber = 1,
            Identity = _identity,
            Metadata = new MemoryMetadataStore(),
            Chunks = chunks,
            Blobs = new BlobContext(chunks, _budget),
            Clock = _clock,
            Entropy = new SodiumEntropy(),
            OwnerId = 0,
            GroupId = 0,
            Nickname = static _ => null,
            Statistics = static () => default,
            Log = static (_, _) => { },
        };
        Volume.Create(options, isOwn: true);
        _volume = Volume.Open(options);
        _files = new VolumeFileSystem(_volume);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _volume.DisposeAsync();
        await _budget.DisposeAsync();
        _identity.Dispose();
        _sharingKey.Dispose();
    }

    [Fact]
    public async Task Each_slot_gets_one_snapshot_named_by_its_time()
    {
        SnapshotSchedule schedule = SnapshotSchedule.Parse("1h", "hourly=24");
        for (int minute = 0; minute < 180; minute += 10)
        {
            await ChangeAsync();
            await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel);
            _clock.Now += TimeSpan.FromMinutes(10);
        }

        Assert.Equal(["2026-11-21T170500Z", "2026-11-21T180500Z", "2026-11-21T190500Z"], Names());
    }

    [Fact]
    public async Task After_a_night_switched_off_there_is_one()
    {
        SnapshotSchedule schedule = SnapshotSchedule.Parse("1h", "hourly=24");
        await ChangeAsync();
        await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel);
        await ChangeAsync();
        _clock.Now += TimeSpan.FromHours(24);
        await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel);
        await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel);
        Assert.Equal(2, Names().Length);
    }

    [Fact]
    public async Task Nothing_is_taken_while_nothing_changes()
    {
        SnapshotSchedule schedule = SnapshotSchedule.Parse("1h", "hourly=24");
        await ChangeAsync();
        for (int hour = 0; hour < 5; hour++)
        {
            SnapshotOutcome outcome = (await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel))!.Value;
            Assert.Equal(Errno.OK, outcome.Error);
            Assert.Equal(hour == 0, outcome.Taken is not null);
            _clock.Now += TimeSpan.FromHours(1);
        }
    }

    [Fact]
    public async Task A_clock_that_is_set_back_takes_another_name()
    {
        SnapshotSchedule schedule = SnapshotSchedule.Parse("1h", "last=10");
        await ChangeAsync();
        await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel);
        await _volume.TakeSnapshotAsync(FileName.Parse("2026-11-21T160500Z"), Cancel);
        await ChangeAsync();
        _clock.Now -= TimeSpan.FromHours(1);
        await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel);
        Assert.Equal(["2026-11-21T160500Z", "2026-11-21T160500Z-2", "2026-11-21T170500Z"], Names());
    }

    [Fact]
    public async Task Retention_removes_what_the_schedule_took_and_nothing_else()
    {
        SnapshotSchedule schedule = SnapshotSchedule.Parse("1h", "last=2");
        await _volume.TakeSnapshotAsync(FileName.Parse("by hand"), Cancel);
        for (int hour = 0; hour < 6; hour++)
        {
            await ChangeAsync();
            await SnapshotScheduler.RunOnceAsync(_volume, schedule, _clock, Cancel);
            if (hour == 2) Assert.Equal(Errno.OK, _volume.RenameSnapshot(FileName.Parse("2026-11-21T190500Z"), FileName.Parse("dear to me")));
            _clock.Now += TimeSpan.FromHours(1);
        }

        Assert.Equal(["2026-11-21T210500Z", "2026-11-21T220500Z", "by hand", "dear to me"], Names());
    }

    [Theory]
    [InlineData("1m", 0)]
    [InlineData("1h", 0)]
    [InlineData("1h", 345)]
    [InlineData("1d", -150)]
    public void Next_slot_begins_when_it_is_said_to_and_not_before(string every, int offsetMinutes)
    {
        TimeSpan slot = SnapshotSchedule.Parse(every, "last=1").Every;
        var zone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromMinutes(offsetMinutes), "test", "test");
        for (int second = 0; second < 100_000; second += 777)
        {
            DateTimeOffset now = _clock.Now + TimeSpan.FromSeconds(second);
            DateTimeOffset next = now + SnapshotScheduler.UntilNextSlot(now, slot, zone);
            Assert.Equal(SnapshotScheduler.SlotOf(now, slot, zone) + 1, SnapshotScheduler.SlotOf(next, slot, zone));
            Assert.Equal(SnapshotScheduler.SlotOf(now, slot, zone), SnapshotScheduler.SlotOf(next - TimeSpan.FromSeconds(0.1), slot, zone));
        }
    }

    private string[] Names() => [.. _volume.ListSnapshots().Select(static s => s.Name.ToString())];

    private async Task ChangeAsync()
    {
        Reply<FuseEntry> made = await _files.MakeDirectory(new RequestContext(1, 0, 0, 1), FuseNodeId.Root, Encoding.UTF8.GetBytes($"d{++_changes}"), 0x1ED, 0, Cancel);
        Assert.True(made.HasValue);
    }

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 21, 17, 5, 0, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
