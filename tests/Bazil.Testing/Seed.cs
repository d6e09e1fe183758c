using System.Globalization;

namespace Bazil.Testing;

/// <summary>
/// The seed of a random test. Taken from the environment variable <c>BAZIL_SEED</c> when that is set, so that a failure
/// is replayed with <c>BAZIL_SEED=n</c>; the caller prints <see cref="Value"/> in every failure message.
/// </summary>
public readonly record struct Seed(int Value)
{
    /// <summary>Returns the seed to run: the one of the environment, or <paramref name="fallback"/>.</summary>
    public static Seed Take(int fallback) =>
        Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 } text
            ? new Seed(int.Parse(text, CultureInfo.InvariantCulture))
            : new Seed(fallback);

    public Random CreateRandom() => new(Value);

    public override string ToString() => $"BAZIL_SEED={Value}";
}
