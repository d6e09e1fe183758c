using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Packs;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Server.Tests.Storages;

/// <summary>Reads from a store that is held to a rate.</summary>
public sealed class LimitedStoreTests : IAsyncLifetime
{
    private const int Rate = 64 << 10;

    private static readonly TimeSpan _hangMax = TimeSpan.FromMinutes(1);

    private readonly TempDirectory _directory = new("limited");
    private readonly MemoryMetadataStore _metadata = new();
    private readonly ManualTime _time = new();
    private readonly SigningKey _identity = SigningKey.Generate(new SodiumEntropy());
    private readonly RemoteStore _store;
    private bool _isPlugged = true;

    public LimitedStoreTests()
    {
        var entropy = new SodiumEntropy();
        _store = new RemoteStore(new PackStore(new DirectoryFolder("disk:blue", OpenDisk, "bazil", entropy, _time), _metadata, entropy, _time, _identity, mayMake: true), _time);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        for (byte number = 1; number <= 4; number++) await _store.PutAsync(Id(number), new byte[Rate], Cancel);
        await _store.SyncAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _identity.Dispose();
        _metadata.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Reads_wait_for_their_turn_before_they_are_asked_and_that_is_not_measured()
    {
        LimitedStore limited = Limited(new RateRule(new RateLimits(null, Rate), null));
        await ReadAsync(limited, 1);
        Task second = ReadAsync(limited, 2), third = ReadAsync(limited, 3);
        _time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.False(second.IsCompleted);
        Assert.Equal(1, limited.Meter.Answers);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await second;
        Assert.False(third.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await third;
        Assert.Equal(3, limited.Meter.Answers);
        Assert.True(limited.Meter.Latency < TimeSpan.FromSeconds(0.5), $"{limited.Meter.Latency}");

        // No credit: who rests does not read at once what he did not read meanwhile.
        _time.Advance(TimeSpan.FromSeconds(100));
        await ReadAsync(limited, 4);
        Assert.False(ReadAsync(limited, 1).IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(100));
    }

    [Fact]
    public async Task A_read_that_is_given_up_leaves_its_turn_to_others()
    {
        LimitedStore limited = Limited(new RateRule(new RateLimits(null, Rate), null));
        await ReadAsync(limited, 1);
        using var cancel = new CancellationTokenSource();
        Task late = limited.GetAsync(Id(2), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late);
        Task next = ReadAsync(limited, 3);
        _time.Advance(TimeSpan.FromSeconds(1));
        await next;
        Assert.Equal(2, limited.Meter.Answers);
    }

    [Fact]
    public async Task Those_behind_a_read_that_is_given_up_move_up()
    {
        LimitedStore limited = Limited(new RateRule(new RateLimits(null, Rate), null));
        await ReadAsync(limited, 1);
        using var seek = new CancellationTokenSource();
        Task<IMemoryOwner<byte>?>[] ahead = [.. Enumerable.Range(0, 10).Select(_ => limited.GetAsync(Id(2), seek.Token).AsTask())];
        Task wanted = ReadAsync(limited, 3);
        await seek.CancelAsync();
        foreach (Task given in ahead) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        _time.Advance(TimeSpan.FromSeconds(1));
        await wanted.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
    }

    [Fact]
    public async Task A_store_that_is_away_says_so_at_once_and_takes_no_turn()
    {
        LimitedStore limited = Limited(new RateRule(new RateLimits(null, Rate), null));
        await ReadAsync(limited, 1);
        _time.Advance(TimeSpan.FromSeconds(1));
        _isPlugged = false;
        for (int attempt = 0; attempt < 10 || !limited.IsBroken; attempt++)
        {
            // None waits for its turn: those before it have given theirs back.
            Task<IMemoryOwner<byte>?> asked = limited.GetAsync(Id(2), Cancel).AsTask();
            StoreException away = await Assert.ThrowsAsync<StoreException>(() => asked.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
            Assert.True(away.IsUnreachable);
        }

        _isPlugged = true;
        await _store.MeetAsync(Cancel);
        await ReadAsync(limited, 2).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Task next = ReadAsync(limited, 3);
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await next;
    }

    [Fact]
    public async Task What_waits_in_memory_is_held_to_no_rate()
    {
        LimitedStore limited = Limited(new RateRule(new RateLimits(null, Rate), null));
        await _store.PutAsync(Id(5), new byte[Rate], Cancel);
        await ReadAsync(limited, 1);
        for (int time = 0; time < 3; time++) await ReadAsync(limited, 5).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Task next = ReadAsync(limited, 2);
        _time.Advance(TimeSpan.FromSeconds(1));
        await next.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public async Task What_comes_with_another_object_is_paid_for_once_whoever_waits_for_a_turn()
    {
        for (byte number = 11; number <= 16; number++) await _store.PutAsync(Id(number), new byte[100], Cancel);
        await _store.SyncAsync(Cancel);
        LimitedStore limited = Limited(new RateRule(new RateLimits(null, Rate), null));
        await ReadAsync(limited, 1);
        Task before = ReadAsync(limited, 2);
        Task<IMemoryOwner<byte>?>[] behind = [.. Enumerable.Range(12, 5).Select(number => limited.GetAsync(Id((byte)number), Cancel).AsTask())];
        (await _store.GetAsync(Id(11), Cancel))!.Dispose(); // brings them all
        long answers = limited.Meter.Answers;
        _time.Advance(TimeSpan.FromSeconds(1));
        await before.WaitAsync(_hangMax, Cancel);
        foreach (Task<IMemoryOwner<byte>?> small in behind)
        {
            using IMemoryOwner<byte>? found = await small.WaitAsync(_hangMax, Cancel);
            Assert.Equal(100, found!.Memory.Length);
        }

        Assert.Equal(answers + 1, limited.Meter.Answers);
        Task next = ReadAsync(limited, 3);
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1)); // of the one before them only
        await next.WaitAsync(_hangMax, Cancel);
    }

    [Fact]
    public async Task A_limit_counts_at_its_hours_and_one_of_what_is_sent_never()
    {
        TimeOnly now = TimeOnly.FromDateTime(_time.GetLocalNow().DateTime);
        string Text(int hours) => now.AddHours(hours).ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture);
        LimitedStore limited = Limited(
            new RateRule(new RateLimits(Rate, null), null), new RateRule(new RateLimits(null, Rate), DayHours.Parse($"{Text(1)}-{Text(2)}")));
        await ReadAsync(limited, 1);
        await ReadAsync(limited, 2);
        _time.Advance(TimeSpan.FromMinutes(90));
        await ReadAsync(limited, 3);
        Task second = ReadAsync(limited, 4);
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await second;
    }

    private static ObjectId Id(byte first) => new([first, .. new byte[ObjectId.Size - 1]]);

    private static async Task ReadAsync(LimitedStore store, byte number)
    {
        using IMemoryOwner<byte>? found = await store.GetAsync(Id(number), Cancel);
        Assert.Equal(Rate, found!.Memory.Length);
    }

    private DirectoryHandle OpenDisk() => _isPlugged ? DirectoryHandle.Open(_directory.Path) : throw new StoreException("disk blue is not plugged in") { IsUnreachable = true };

    private LimitedStore Limited(params RateRule[] rules) => new(_store, [.. rules], _time);
}
