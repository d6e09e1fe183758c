using System.Globalization;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Arena;

/// <summary>
/// Many seeds of <see cref="ArenaModel"/>. <c>BAZIL_ARENA_SEEDS=n</c> runs that many from <c>BAZIL_SEED</c> on
/// (<c>scripts/soak store-model</c>).
/// </summary>
public class ArenaModelTests(ITestOutputHelper output)
{
    private const int SeedCount = 300;
    private const int StepCount = 150;

    [Fact]
    public async Task Store_agrees_with_a_dictionary_through_crashes_at_any_change_of_the_disk()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("BAZIL_ARENA_SEEDS"), CultureInfo.InvariantCulture, out int wanted) ? wanted : SeedCount;
        int first = Seed.Take(1).Value;
        int crashes = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            using var model = new ArenaModel(new Seed(seed));
            try
            {
                await model.RunAsync(StepCount);
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException($"failed with {new Seed(seed)}", exception);
            }

            crashes += model.CrashCount;
        }

        output.WriteLine($"{count} seeds from {first}, {crashes} crashes");
        Assert.True(crashes > count / 2);
    }
}
