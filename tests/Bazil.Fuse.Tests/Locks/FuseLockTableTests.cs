using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Locks;

public sealed class FuseLockTableTests
{
    private static readonly FuseNodeId Node = new(2);
    private readonly FuseLockTable _table = new();

    [Fact]
    public async Task Random_locks_agree_with_a_table_of_bytes()
    {
        const int bytes = 12; // The last stands for all beyond.
        const int owners = 3;
        var seed = Seed.Take(9917);
        var random = seed.CreateRandom();
        var model = new FuseLockType[owners, bytes];
        for (var i = 0; i < owners; i++)
        {
            for (var j = 0; j < bytes; j++) model[i, j] = FuseLockType.None;
        }

        for (var step = 0; step < 20_000; step++)
        {
            var owner = random.Next(owners);
            var start = random.Next(bytes);
            var wanted = Lock((FuseLockType)random.Next(3), start, random.Next(4) == 0 || start == bytes - 1 ? long.MaxValue : random.Next(start, bytes - 1));
            var last = (int)Math.Min(wanted.End, bytes - 1);
            var conflicts = Enumerable.Range(0, owners).Where(other => other != owner).SelectMany(
                other => Enumerable.Range(start, last - start + 1).Where(at => Conflict(model[other, at], wanted.Type))).Any();
            var expected = conflicts ? Errno.EAGAIN : Errno.OK;
            Assert.True(expected == await _table.SetAsync(Node, (ulong)owner, wanted, wait: false, default), seed.ToString());
            Assert.True(conflicts == (_table.FindConflict(Node, (ulong)owner, wanted).Type != FuseLockType.None), seed.ToString());
            if (conflicts) continue;
            for (var at = start; at <= last; at++) model[owner, at] = wanted.Type;
        }

        for (var owner = 0; owner < owners; owner++) _table.Release(Node, (ulong)owner, FuseLockKind.Posix);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public async Task Waiters_are_served_in_order_and_a_cancelled_one_leaves()
    {
        using var cancelled = new CancellationTokenSource();
        Assert.Equal(Errno.OK, await Set(1, FuseLockType.Exclusive));
        var second = Set(2, FuseLockType.Exclusive, wait: true, cancelled.Token);
        var third = Set(3, FuseLockType.Shared, wait: true);
        var fourth = Set(4, FuseLockType.Shared, wait: true);
        Assert.False(second.IsCompleted || third.IsCompleted || fourth.IsCompleted);
        cancelled.Cancel();
        Assert.Equal(Errno.EINTR, await second);
        Assert.Equal(Errno.OK, await Set(1, FuseLockType.None));
        Assert.Equal((Errno.OK, Errno.OK), (await third, await fourth));
        Assert.Equal(Errno.EAGAIN, await Set(1, FuseLockType.Exclusive));
        _table.Release(Node, 3, FuseLockKind.Posix);
        _table.Release(Node, 4, FuseLockKind.Posix);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public async Task A_circle_of_three_is_a_deadlock_and_kinds_do_not_mix()
    {
        var nodes = new[] { new FuseNodeId(5), new FuseNodeId(6), new FuseNodeId(7) };
        var exclusive = Lock(FuseLockType.Exclusive, 0, 9);
        for (var i = 0; i < 3; i++) Assert.Equal(Errno.OK, await _table.SetAsync(nodes[i], (ulong)i, exclusive, wait: true, default));
        var first = _table.SetAsync(nodes[1], 0, exclusive, wait: true, default);
        var second = _table.SetAsync(nodes[2], 1, exclusive, wait: true, default);
        Assert.Equal(Errno.EDEADLK, await _table.SetAsync(nodes[0], 2, exclusive, wait: true, default));
        Assert.Equal(Errno.OK, await _table.SetAsync(nodes[0], 2, exclusive with { Kind = FuseLockKind.Flock }, wait: true, default));
        _table.Release(nodes[2], 2, FuseLockKind.Posix);
        Assert.Equal(Errno.OK, await second);
        _table.Release(nodes[1], 1, FuseLockKind.Posix);
        Assert.Equal(Errno.OK, await first);
    }

    private ValueTask<Errno> Set(ulong owner, FuseLockType type, bool wait = false, CancellationToken cancellationToken = default) =>
        _table.SetAsync(Node, owner, Lock(type, 0, long.MaxValue), wait, cancellationToken);

    private static FuseLock Lock(FuseLockType type, long start, long end) => new(FuseLockKind.Posix, type, start, end, 1);

    private static bool Conflict(FuseLockType held, FuseLockType wanted) =>
        held != FuseLockType.None && wanted != FuseLockType.None && (held == FuseLockType.Exclusive || wanted == FuseLockType.Exclusive);
}
