using System.Buffers;
using System.Security.Cryptography;
using Bazil.Core;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;
using Bazil.Testing;
using Fault = Bazil.Storage.Tests.Stores.Elsewhere.UnreliableStore.Fault;

namespace Bazil.Storage.Tests.Stores.Elsewhere;

/// <summary>Reads of a store over several that hang, lie, fail and flap.</summary>
public sealed class HedgedReadTests
{
    private static readonly byte[] s_bytes = [.. Enumerable.Range(0, 1000).Select(static value => (byte)value)];
    private static readonly ObjectId s_id = new(SHA256.HashData(s_bytes));

    private readonly ManualTime _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(nameof(Fault.Hanging))]
    [InlineData(nameof(Fault.Deaf))]
    public async Task Store_that_hangs_costs_one_hedge_delay_and_is_told_to_stop(string fault)
    {
        (UnreliableStore first, UnreliableStore second, MultiObjectStore multi) = await TwoAsync();
        first.Next = () => Enum.Parse<Fault>(fault);
        Task<byte[]?> read = ReadAsync(multi);
        Assert.False(read.IsCompleted);
        Assert.Equal((1, 0), (first.ReadCount, second.ReadCount));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(s_bytes, await read);
        Assert.Equal((1, 1), (first.ReadCount, second.ReadCount));
        Assert.Equal(fault == nameof(Fault.Hanging) ? 1 : 0, first.StoppedCount);

        // The other one has shown that it is quick: it is asked first now.
        Assert.True(await multi.Local.DeleteAsync(s_id, Cancel));
        Assert.Equal(s_bytes, await ReadAsync(multi));
        Assert.Equal((1, 2), (first.ReadCount, second.ReadCount));
    }

    [Theory]
    [InlineData(nameof(Fault.Unreachable))]
    [InlineData(nameof(Fault.Failing))]
    [InlineData(nameof(Fault.Lying))]
    [InlineData(nameof(Fault.CutOff))]
    public async Task Store_that_fails_or_lies_costs_no_wait(string fault)
    {
        (UnreliableStore first, UnreliableStore second, MultiObjectStore multi) = await TwoAsync();
        first.Next = () => Enum.Parse<Fault>(fault);
        Assert.Equal(s_bytes, await ReadAsync(multi));
        Assert.Equal((1, 1), (first.ReadCount, second.ReadCount));
        Assert.Equal(s_bytes, await ReadAsync(multi)); // what was kept is the right one
        Assert.Equal((1, 1), (first.ReadCount, second.ReadCount));
    }

    [Fact]
    public async Task Reader_that_gives_up_does_not_wait_for_stores_that_hang()
    {
        (UnreliableStore first, UnreliableStore second, MultiObjectStore multi) = await TwoAsync();
        first.Next = second.Next = static () => Fault.Deaf;
        using var interrupt = new CancellationTokenSource();
        Task read = multi.GetVerifiedAsync(s_id, new HashVerifier(), interrupt.Token).AsTask();
        _time.Advance(TimeSpan.FromSeconds(2));
        await interrupt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task Read_is_given_up_when_no_store_answers_anybody_and_says_what_each_of_them_did()
    {
        (UnreliableStore first, UnreliableStore second, MultiObjectStore multi) = await TwoAsync();
        multi.SilenceMax = TimeSpan.FromSeconds(30);
        first.Next = static () => Fault.Unreachable;
        second.Next = static () => Fault.Hanging;
        Task<byte[]?> read = ReadAsync(multi);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(read.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        StoreException away = await Assert.ThrowsAsync<StoreException>(() => read);
        Assert.True(away.IsUnreachable);
        Assert.Equal("store first is away; second: no answer within 30 seconds", away.Message);
        Assert.Equal(1, second.StoppedCount);
    }

    [Fact]
    public async Task Read_that_waits_for_its_turn_on_a_slow_line_is_not_given_up()
    {
        (UnreliableStore first, UnreliableStore second, MultiObjectStore multi) = await TwoAsync();
        multi.SilenceMax = TimeSpan.FromSeconds(30);
        first.Next = static () => Fault.Unreachable;
        second.Next = static () => Fault.Hanging;
        Task<byte[]?> read = ReadAsync(multi);
        for (int answer = 0; answer < 5; answer++)
        {
            _time.Advance(TimeSpan.FromSeconds(29));
            second.Next = static () => Fault.None;
            Assert.Null(await multi.Others[1].GetAsync(default, Cancel));
        }

        Assert.False(read.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<StoreException>(() => read);
    }

    [Fact]
    public async Task Read_that_waits_for_a_store_that_hangs_is_given_up_though_another_that_does_not_have_it_answers_all_the_time()
    {
        (UnreliableStore first, UnreliableStore second, MultiObjectStore multi) = await TwoAsync();
        multi.SilenceMax = TimeSpan.FromSeconds(30);
        await first.DeleteAsync(s_id, Cancel);
        second.Next = static () => Fault.Hanging;
        Task<byte[]?> read = ReadAsync(multi);
        for (int answer = 0; answer < 3; answer++)
        {
            Assert.Null(await multi.Others[0].GetAsync(default, Cancel));
            _time.Advance(TimeSpan.FromSeconds(30));
        }

        StoreException hangs = await Assert.ThrowsAsync<StoreException>(() => read.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        Assert.Equal("second: no answer within 30 seconds", hangs.Message);
    }

    [Fact]
    public async Task One_right_copy_is_found_whatever_the_others_do()
    {
        Seed seed = Seed.Take(20261122);
        Random random = seed.CreateRandom();
        Fault[] faults = [Fault.None, Fault.Unreachable, Fault.Failing, Fault.Lying, Fault.CutOff, Fault.Hanging];
        UnreliableStore[] stores = [.. Enumerable.Range(0, 4).Select(static number => new UnreliableStore(new MemoryObjectStore($"store {number}")))];
        foreach (UnreliableStore store in stores) await store.PutAsync(s_id, s_bytes, Cancel);
        int good = 0;
        for (int number = 0; number < stores.Length; number++)
        {
            int own = number;
            stores[number].Next = () => own == good ? Fault.None : faults[random.Next(faults.Length)];
        }

        var multi = new MultiObjectStore("local", new MemoryObjectStore("local"), [.. stores.Select(Guarded)], [], _time);
        for (int round = 0; round < 300; round++)
        {
            good = random.Next(stores.Length);
            Task<byte[]?> read = ReadAsync(multi);

            // Time goes on until the read has ended: on a busy machine it may take long to begin the next wait, and would then wait for ever.
            for (int step = 0; !read.IsCompleted; step++)
            {
                Assert.True(step < 10_000, $"{seed}, round {round}: the read does not end");
                _time.Advance(TimeSpan.FromSeconds(2));
                await Task.WhenAny(read, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Cancel));
            }

            byte[]? found = await TryAsync(read);
            if (found is not null) Assert.True(found.AsSpan().SequenceEqual(s_bytes), $"{seed}, round {round}: wrong bytes");
            else _time.Advance(ElsewhereLimits.BreakMax); // the good one was given up at that moment
            await multi.Local.DeleteAsync(s_id, Cancel);
        }
    }

    private static async Task<byte[]?> TryAsync(Task<byte[]?> read)
    {
        try
        {
            return await read;
        }
        catch (StoreException e) when (e is not CorruptObjectException)
        {
            return null; // of several failures the first is told, which need not be that of the store that was given up
        }
    }

    private async Task<(UnreliableStore First, UnreliableStore Second, MultiObjectStore Multi)> TwoAsync()
    {
        var first = new UnreliableStore(new MemoryObjectStore("first"));
        var second = new UnreliableStore(new MemoryObjectStore("second"));
        await first.PutAsync(s_id, s_bytes, Cancel);
        await second.PutAsync(s_id, s_bytes, Cancel);
        return (first, second, new MultiObjectStore("local", new MemoryObjectStore("local"), [Guarded(first), Guarded(second)], [], _time));
    }

    private GuardedObjectStore Guarded(UnreliableStore store) => new(store, isGivenUp: true, _time);

    private static async Task<byte[]?> ReadAsync(MultiObjectStore store)
    {
        using IMemoryOwner<byte>? found = await store.GetVerifiedAsync(s_id, new HashVerifier(), Cancel);
        return found?.Memory.ToArray();
    }

    private sealed class HashVerifier : IObjectVerifier
    {
        public void Verify(ObjectId id, string store, bool isLocal, ReadOnlySpan<byte> sealedObject)
        {
            if (new ObjectId(SHA256.HashData(sealedObject)) != id) throw new CorruptObjectException(id, store, "wrong bytes");
        }
    }
}
