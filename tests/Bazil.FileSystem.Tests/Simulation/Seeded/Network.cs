namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>Who reaches whom, and what happens to messages. Each message takes its own time, so that requests overtake each other.</summary>
internal sealed class Network(SeededScheduler steps, Random random, double lossShare)
{
    private static readonly TimeSpan Slowest = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly HashSet<(int, int)> _cut = [];
    private bool _isPerfect;

    public bool IsOpen(Machine a, Machine b) => !_cut.Contains(Pair(a, b));

    /// <summary>Cuts the cable between two machines, or mends it.</summary>
    public void Toggle(Machine a, Machine b)
    {
        if (!_cut.Remove(Pair(a, b))) _cut.Add(Pair(a, b));
    }

    /// <summary>From now on everything arrives.</summary>
    public void Mend()
    {
        _cut.Clear();
        _isPerfect = true;
    }

    /// <summary>A request may arrive twice.</summary>
    public bool IsDuplicated() => !_isPerfect && random.NextDouble() < lossShare;

    /// <exception cref="IOException">The message was lost, which the sender notices after a while.</exception>
    public async Task TravelAsync(Machine from, Machine to)
    {
        await steps.PauseAsync(Slowest);
        bool isLost = !IsOpen(from, to) || !to.IsOnline || (!_isPerfect && random.NextDouble() < lossShare);
        if (!isLost) return;
        await steps.PauseAsync(Patience);
        throw new IOException($"{to.Name} does not answer");
    }

    private static (int Low, int High) Pair(Machine a, Machine b) => (Math.Min(a.Number, b.Number), Math.Max(a.Number, b.Number));
}
