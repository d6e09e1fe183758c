using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Tests.Mounted;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Replay;

/// <summary>
/// The scenarios and random histories of the executable model, done by real volumes as well: after each step the replicated state and the
/// shown tree of the two are the same. <c>BAZIL_REPLAY_SEEDS</c> sets how many histories, <c>BAZIL_SEED</c> runs one alone.
/// </summary>
public sealed class ModelReplayTests
{
    private static readonly string Trace = Path.Combine(AppContext.BaseDirectory, "Model", "sync_trace.py");

    [Fact]
    public async Task Engine_does_what_the_model_does()
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("BAZIL_REPLAY_SEEDS") ?? "50", CultureInfo.InvariantCulture);
        bool isSingle = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 };
        string[] seeds = ["--start", $"{Seed.Take(0).Value}", "--seeds", $"{(isSingle ? 1 : count)}", isSingle ? "--full" : "--scenarios"];
        var failed = new List<string>();
        await foreach (string failure in RunAsync(seeds)) failed.Add(failure);
        Assert.True(failed.Count == 0, $"{failed.Count} differ\n{string.Join("\n\n", failed.Take(30))}");
    }

    private static async IAsyncEnumerable<string> RunAsync(string[] arguments)
    {
        using Process model = MountedVolume.StartProgram("python3", ["-B", Trace, .. await ConstantsAsync(), .. arguments]);
        ReplayedWorld? world = null;
        string name = "", last = "";
        bool hasFailed = false;
        int step = 0;
        while (await model.StandardOutput.ReadLineAsync() is { } text)
        {
            JsonElement line = JsonDocument.Parse(text).RootElement;
            if (line.TryGetProperty("begin", out JsonElement begins))
            {
                (name, step, hasFailed) = (begins.GetString()!, 0, false);
                world = await ReplayedWorld.CreateAsync(line.GetProperty("replicas").GetInt32());
            }
            else if (line.TryGetProperty("end", out _))
            {
                await world!.DisposeAsync();
            }
            else if (!hasFailed)
            {
                if (!line.TryGetProperty("state", out _)) (last, step) = (text, step + 1);
                if (await StepAsync(world!, line, last) is not { } difference) continue;
                hasFailed = true;
                yield return $"BAZIL_SEED={name}, step {step}: {last}\n{difference}";
            }
        }

        await model.WaitForExitAsync();
        Assert.Equal(0, model.ExitCode);
    }

    /// <summary>Null, or what differs.</summary>
    private static async Task<string?> StepAsync(ReplayedWorld world, JsonElement line, string last)
    {
        try
        {
            if (!line.TryGetProperty("state", out JsonElement state))
            {
                await world.ApplyAsync(line);
                return null;
            }

            string here = world.Describe(world.At(JsonDocument.Parse(last).RootElement)), model = state.GetString()!;
            byte[] hash = new byte[16];
            Blake2b.Hash(Encoding.UTF8.GetBytes(here), hash);
            if (model == Convert.ToHexStringLower(hash) || model == here) return null;
            string[] ours = here.Split('\n'), theirs = model.Split('\n');
            return string.Join('\n', theirs.Except(ours).Select(other => $"  model  {other}").Concat(ours.Except(theirs).Select(other => $"  engine {other}")));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return e.ToString();
        }
    }

    private static async Task<string[]> ConstantsAsync()
    {
        var worlds = new Dictionary<string, object>();
        var owners = new Dictionary<string, string>();
        for (int count = 2; count <= 5; count++)
        {
            await using ReplayedWorld world = await ReplayedWorld.CreateAsync(count);
            worlds[$"{count}"] = world.Constants();
            foreach (Replica replica in world.Replicas) owners[replica.Name] = $"{replica.Id}";
        }

        return ["--worlds", JsonSerializer.Serialize(worlds), "--owners", JsonSerializer.Serialize(owners)];
    }
}
