namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// Who has which content that was ever closed, and which of it somebody replaced or removed who had seen it. A content is told by its size: no two
/// are written with the same one. What has a holder, and was not replaced, must be found when all has come to rest.
/// <para>A holder has it for good once it was synced there; before, a power cut takes it. A copy of old rows takes what came after the copy.
/// Content that nobody held for a moment may be gone, or come back.</para>
/// </summary>
internal sealed class ContentLedger
{
    private readonly SortedDictionary<ulong, Entry> _entries = [];
    private ulong _lastNumber;

    /// <summary>Contents that must be found.</summary>
    public IEnumerable<ulong> Promised => _entries.Where(static entry => entry.Value is { Holders.Count: > 0, IsLost: false, IsReplaced: false }).Select(static entry => entry.Key);

    public int Count => _entries.Count;

    /// <summary>A size that no content had before: in the row, or in the store.</summary>
    public ulong Next(bool isInline) => ++_lastNumber + (isInline ? 0UL : (ulong)Limits.InlineBytesMax);

    /// <summary>A close has returned.</summary>
    /// <param name="size">The content.</param>
    /// <param name="machine">Where.</param>
    /// <param name="replaced">What the program saw and replaced by it.</param>
    public void Closed(ulong size, int machine, IEnumerable<ulong> replaced)
    {
        Entry entry = Of(size);
        entry.Holders.TryAdd(machine, false);
        entry.Wrote.UnionWith(replaced.Where(other => other != size));
    }

    public void Replaced(ulong size)
    {
        if (size != 0) Of(size).IsReplaced = true;
    }

    /// <summary>Settling a conflict wrote this anew: who replaced the older state of it has not seen that.</summary>
    public void WrittenAnew(ulong size) => Of(size).IsWrittenAnew = true;

    /// <summary>What a machine has now.</summary>
    public List<ulong> HeldBy(int machine) => [.. _entries.Where(entry => entry.Value.Holders.ContainsKey(machine)).Select(static entry => entry.Key)];

    /// <summary>A machine has this now, as what it pulled or as what it read from an old copy.</summary>
    public void Hold(int machine, IEnumerable<ulong> sizes, bool isSynced)
    {
        foreach (ulong size in sizes)
        {
            // Not what the server lost while it was served.
            if (Of(size).IsLost) continue;
            Of(size).Holders[machine] = isSynced || Of(size).Holders.GetValueOrDefault(machine);
        }
    }

    /// <summary>A sync has returned that began when the machine had this.</summary>
    public void Synced(int machine, IEnumerable<ulong> sizes)
    {
        foreach (ulong size in sizes.Where(size => Of(size).Holders.ContainsKey(machine))) Of(size).Holders[machine] = true;
    }

    public void LosePower(int machine) => Forget(machine, static isSynced => isSynced);

    /// <summary>A machine goes back to an old copy of its rows.</summary>
    public void Restore(int machine, IReadOnlyCollection<ulong> held)
    {
        foreach ((ulong size, Entry entry) in _entries)
        {
            if (!held.Contains(size)) entry.Leave(machine);
        }
    }

    /// <summary>Contents that this one replaced, and what those had replaced, and that were not written anew.</summary>
    public HashSet<ulong> Ancestors(ulong size)
    {
        var found = new HashSet<ulong>();
        var todo = new Stack<ulong>(Of(size).Wrote);
        while (todo.TryPop(out ulong next))
        {
            if (found.Add(next)) foreach (ulong older in Of(next).Wrote) todo.Push(older);
        }

        found.RemoveWhere(older => Of(older).IsWrittenAnew);
        return found;
    }

    private void Forget(int machine, Func<bool, bool> keeps)
    {
        foreach (Entry entry in _entries.Values)
        {
            if (entry.Holders.TryGetValue(machine, out bool isSynced) && !keeps(isSynced)) entry.Leave(machine);
        }
    }

    private Entry Of(ulong size)
    {
        if (!_entries.TryGetValue(size, out Entry? entry)) _entries[size] = entry = new Entry();
        return entry;
    }

    private sealed class Entry
    {
        /// <summary>Machine → whether it is synced there.</summary>
        public Dictionary<int, bool> Holders { get; } = [];

        /// <summary>What this content was written over.</summary>
        public HashSet<ulong> Wrote { get; } = [];

        public bool IsReplaced { get; set; }

        public bool IsWrittenAnew { get; set; }

        public override string ToString() => $"held by [{string.Join(' ', Holders.Keys)}]{(IsReplaced ? " replaced" : "")}{(IsLost ? " lost" : "")}";

        /// <summary>Nobody had it for a moment.</summary>
        public bool IsLost { get; private set; }

        public void Leave(int machine)
        {
            if (Holders.Remove(machine) && Holders.Count == 0) IsLost = true;
        }
    }
}
