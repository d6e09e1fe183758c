using Bazil.Testing;

namespace Bazil.Storage.Tests.Stores.Faults;

/// <summary>Decides what goes wrong next, from a seed. Safe for concurrent use.</summary>
/// <param name="seed">Printed with every failure.</param>
/// <param name="share">How many calls meet a fault.</param>
/// <param name="kinds">What may happen.</param>
public sealed class FaultPlan(Seed seed, double share, params Fault[] kinds)
{
    private readonly Lock _gate = new(); // guards the generator
    private readonly Random _random = seed.CreateRandom();

    /// <summary>Everything that a store may do to whoever does not verify what comes.</summary>
    public static IReadOnlyList<Fault> All { get; } = [Fault.Late, Fault.Failing, Fault.Lost, Fault.Hanging, Fault.Lying, Fault.CutOff];

    /// <summary>Replaced while it is used: how many calls meet a fault from now on.</summary>
    public double Share { get; set; } = share;

    public Fault Next()
    {
        lock (_gate) return _random.NextDouble() < Share ? kinds[_random.Next(kinds.Length)] : Fault.None;
    }

    /// <summary>A number from 0 up to a bound.</summary>
    public int Next(int bound)
    {
        lock (_gate) return _random.Next(bound);
    }

    public override string ToString() => seed.ToString();
}
