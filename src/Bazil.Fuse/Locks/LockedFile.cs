namespace Bazil.Fuse;

/// <summary>
/// The locks of one kind on one file. The lock of the <see cref="FuseLockTable"/> guards it. Locks of one owner never overlap; locks of
/// two owners overlap only when both are shared.
/// </summary>
internal sealed class LockedFile
{
    private readonly List<HeldLock> _held = [];

    internal LinkedList<LockWaiter> Waiters { get; } = new();

    internal bool IsEmpty => _held.Count == 0 && Waiters.Count == 0;

    internal HeldLock? FirstConflict(ulong owner, FuseLock wanted)
    {
        foreach (var held in _held)
        {
            if (IsConflict(held, owner, wanted)) return held;
        }

        return null;
    }

    internal IEnumerable<HeldLock> Conflicts(ulong owner, FuseLock wanted) => _held.Where(held => IsConflict(held, owner, wanted));

    /// <summary>Replaces what the owner holds in the range; neighbours of the same type become one lock.</summary>
    internal void Apply(ulong owner, FuseLock wanted)
    {
        for (var i = _held.Count - 1; i >= 0; i--)
        {
            var (holder, held) = _held[i];
            if (holder != owner) continue;
            if (held.Type == wanted.Type && Touches(held, wanted))
            {
                wanted = wanted with { Start = Math.Min(held.Start, wanted.Start), End = Math.Max(held.End, wanted.End) };
                _held.RemoveAt(i);
            }
            else if (held.Overlaps(wanted))
            {
                _held.RemoveAt(i);
                if (held.Start < wanted.Start) _held.Add(new HeldLock(owner, held with { End = wanted.Start - 1 }));
                if (held.End > wanted.End) _held.Add(new HeldLock(owner, held with { Start = wanted.End + 1 }));
            }
        }

        if (wanted.Type != FuseLockType.None) _held.Add(new HeldLock(owner, wanted));
    }

    private static bool IsConflict(in HeldLock held, ulong owner, in FuseLock wanted) =>
        held.Owner != owner
        && wanted.Type != FuseLockType.None
        && (held.Lock.Type == FuseLockType.Exclusive || wanted.Type == FuseLockType.Exclusive)
        && held.Lock.Overlaps(wanted);

    private static bool Touches(in FuseLock left, in FuseLock right) =>
        (left.End == long.MaxValue || right.Start <= left.End + 1) && (right.End == long.MaxValue || left.Start <= right.End + 1);
}
