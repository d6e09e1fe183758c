namespace Bazil.Remotes.Packs;

/// <summary>Adds up what is done while room is given back. Not safe for concurrent use.</summary>
internal sealed class ReclaimTally
{
    private readonly List<string> _problems = [];

    public long RemovedPacks { get; private set; }

    public long RemovedBytes { get; private set; }

    public long MovedObjects { get; private set; }

    public long MovedBytes { get; private set; }

    public IReadOnlyList<PackBlocker> Blockers { get; set; } = [];

    public void Remove(long bytes) => (RemovedPacks, RemovedBytes) = (RemovedPacks + 1, RemovedBytes + bytes);

    public void Move(long bytes) => (MovedObjects, MovedBytes) = (MovedObjects + 1, MovedBytes + bytes);

    public void Note(string problem)
    {
        if (_problems.Count < Limits.DamagedPacksNamed) _problems.Add(problem);
    }

    /// <param name="waiting">What is announced still.</param>
    /// <param name="since">When it was.</param>
    public PackReclaim Finish(IReadOnlyCollection<PackUse> waiting, DateTimeOffset since) =>
        new(RemovedPacks, RemovedBytes, MovedObjects, MovedBytes, waiting.Count, waiting.Sum(static use => use.SizeBytes), waiting.Count > 0 ? since : null, Blockers, _problems);
}
