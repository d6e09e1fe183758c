using System.Globalization;
using System.Security.Cryptography;
using Bazil.Testing;

namespace Bazil.Cli.Tests.EndToEnd.Networks;

/// <summary>
/// Three machines on a slow network that loses packets, each with the same volume mounted, git and a random writer at work on all of them, while cables are cut and servers killed.
/// Then everything is mended, and all must show the same, with nothing lost that was synced. <c>BAZIL_REAL_ROUNDS</c> sets how many times (<c>scripts/soak sync-real</c>).
/// </summary>
public sealed class ThreeMachinesTests(ITestOutputHelper output)
{
    private const int Machines = 3;
    private const double Loss = 0.01;
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(10);

    private static readonly string Scripts = Path.Combine(AppContext.BaseDirectory, "EndToEnd", "Networks");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_synced_is_lost_on_a_bad_network_with_servers_that_die()
    {
        Assert.SkipWhen(LossyNetwork.Missing is not null, LossyNetwork.Missing ?? "");
        Assert.SkipUnless(File.Exists("/dev/fuse"), "there is no /dev/fuse here");
        int rounds = int.Parse(Environment.GetEnvironmentVariable("BAZIL_REAL_ROUNDS") ?? "0", CultureInfo.InvariantCulture);
        Seed seed = Seed.Take(1);
        for (int round = 0; round < Math.Max(1, rounds); round++)
        {
            string kept = await RunAsync(new Seed(seed.Value + round), faults: rounds == 0 ? 3 : 9);
            output.WriteLine($"round {round + 1}: {kept}");
        }
    }

    private static async Task<string> RunAsync(Seed seed, int faults)
    {
        using var root = new TempDirectory("bazil-real-");
        await using LossyNetwork network = await LossyNetwork.StartAsync(Machines, Delay, Loss, seed.Value, Cancel);
        Node[] nodes = [.. Enumerable.Range(0, Machines).Select(i => new Node(root.Path, $"m{i}", network.NamespaceOf(i)) { IsAutomatic = true })];
        try
        {
            await ShareAsync(network, nodes);
            Task<ChildProcess.Result>[] work = [.. Enumerable.Range(0, Machines).SelectMany(i => new[] { WorkAsync(nodes[i], i, seed, "notes", "random"), WorkAsync(nodes[i], i, seed, "commits", "git") })];
            await ProgressAsync(root, 15);
            Random random = seed.CreateRandom();
            int first = random.Next(Machines);
            for (int fault = 0; fault < faults; fault++) await DisturbAsync(network, nodes, (first + fault) % Machines, kind: fault % 3, () => ProgressAsync(root, 20));
            await ShellAsync(root, "touch stop");
            foreach (ChildProcess.Result result in await Task.WhenAll(work)) Assert.True(result.Code == 0, $"{seed}: {ChildProcess.Describe(result)}");
            return await JudgeAsync(root, nodes, seed);
        }
        finally
        {
            await ShellAsync(root, "touch stop");
            foreach (Node node in nodes) await node.DisposeAsync();
        }
    }

    /// <summary>A volume on all machines, each of which knows where the others are and has their stores.</summary>
    private static async Task ShareAsync(LossyNetwork network, Node[] nodes)
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        foreach (Node node in nodes) await CommandAsync(node, "create");
        await Task.WhenAll(nodes.Select(node => node.StartServerAsync()));
        var keys = new List<string>();
        foreach (Node node in nodes) keys.Add((await CommandAsync(node, "pubkey")).TrimEnd());
        foreach ((int self, Node node) in nodes.Index())
        {
            await CommandAsync(node, "sharing add friends", secret);
            if (self == 0) await CommandAsync(node, "volume create -sharing=friends files");
            foreach (int other in Enumerable.Range(0, Machines).Where(other => other != self))
            {
                await CommandAsync(node, $"peer add {keys[other]}");
                await CommandAsync(node, $"peer name {keys[other]} m{other}");
                await CommandAsync(node, $"peer location set m{other} {network.AddressOf(other)}:{nodes[other].ServerPort}");
                await CommandAsync(node, $"peer storage allow m{other} local");
                if (self == 0) await CommandAsync(node, $"peer volume allow m{other} files");
            }
        }

        foreach ((int self, Node node) in nodes.Index())
        {
            if (self > 0) await CommandAsync(node, "volume connect -sharing=friends m0 files");
            foreach (int other in Enumerable.Range(0, Machines).Where(other => other != self)) await CommandAsync(node, $"volume storage add -sharing=friends files peerkey:{keys[other]}");
            Directory.CreateDirectory(node.Mount);
            await CommandAsync(node, $"volume mount files {node.Mount}");
        }

        await CommandAsync(nodes[1], "peer volume allow m2 files");
        await CommandAsync(nodes[2], "peer volume allow m1 files");
        await nodes[0].ShellAsync("mkdir mnt/shared mnt/git0 mnt/git1 mnt/git2");
        foreach (Node node in nodes) await node.ShellAsync("until [[ -d mnt/shared && -d mnt/git2 ]]; do sleep 0.05; done");
    }

    /// <summary>A command of the program, in this process: starting one for each of the many would take longer than what is tested.</summary>
    private static async Task<string> CommandAsync(Node node, string commandLine, byte[]? input = null)
    {
        (int code, string output, string error) = await TestEnvironment.RunAsync([$"-data-dir={node.DataDirectory}", .. commandLine.Split(' ')], input);
        Assert.True(code == 0, $"{node.Name}$ bazil {commandLine}\n{error}\n{node.Messages}");
        return output;
    }

    private static Task<ChildProcess.Result> WorkAsync(Node node, int machine, Seed seed, string notes, string kind) =>
        ChildProcess.ShellAsync($"exec python3 '{Scripts}/work.py' mnt {notes} ../stop {machine} {(seed.Value * Machines) + machine} {kind}", node.Directory, Cancel);

    /// <summary>Waits until the machines together have synced so many contents and commits more.</summary>
    private static Task ProgressAsync(TempDirectory root, int more) => ShellAsync(
        root, $"count() {{ cat m*/notes m*/commits 2>/dev/null | grep -c '^done\\|^commit' || true; }}; end=$(($(count) + {more})); until (($(count) >= end)); do sleep 0.05; done");

    private static async Task ShellAsync(TempDirectory root, string command)
    {
        ChildProcess.Result result = await ChildProcess.ShellAsync(command, root.Path, CancellationToken.None);
        Assert.True(result.Code == 0, ChildProcess.Describe(result));
    }

    /// <summary>Something breaks, work goes on, and it is mended.</summary>
    private static async Task DisturbAsync(LossyNetwork network, Node[] nodes, int machine, int kind, Func<Task> work)
    {
        int other = (machine + 1) % Machines;
        switch (kind)
        {
            case 0:
                network.Cut(machine, other);
                await work();
                network.Mend(machine, other);
                break;
            case 1:
                await nodes[machine].KillServerAsync();
                await work();
                await nodes[machine].StartServerAsync($"-addr=:{nodes[machine].ServerPort}");
                break;
            default:
                await network.UnplugAsync(machine, Cancel);
                await work();
                await network.PlugAsync(machine, Cancel);
                break;
        }
    }

    /// <summary>Asks until all peers could be reached; they may still wait for each other after a cut.</summary>
    private static async Task ExchangeAsync(Node node)
    {
        while ((await TestEnvironment.RunAsync([$"-data-dir={node.DataDirectory}", "sync", "--wait"])).Code != 0) Cancel.ThrowIfCancellationRequested();
    }

    private static async Task<string> JudgeAsync(TempDirectory root, Node[] nodes, Seed seed)
    {
        // The second time each knows what the first has brought to the others.
        for (int pass = 0; pass < 2; pass++)
        {
            foreach (Node node in nodes) await ExchangeAsync(node);
        }

        foreach (Node node in nodes) await File.WriteAllTextAsync(Path.Combine(node.Directory, "trash.json"), await CommandAsync(node, "trash list --json"), Cancel);
        ChildProcess.Result verdict = await ChildProcess.ShellAsync($"python3 '{Scripts}/verdict.py' m0 m1 m2", root.Path, Cancel);
        Assert.True(verdict.Code == 0, $"{seed}\n{ChildProcess.Describe(verdict)}\n{string.Join("\n\n", nodes.Select(static node => node.Messages))}");
        return $"{seed}: {verdict.Output.TrimEnd()} contents and commits were synced and are there";
    }
}
