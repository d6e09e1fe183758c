using Bazil.Testing;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>
/// A database that is damaged in one of its files: the server says so, <c>bazil server repair</c> rebuilds it, and what was in the mount is
/// there again. The files of the newest table are also in a snapshot, those of the log were made after it.
/// </summary>
public sealed class RepairTests : EndToEndTest
{
    private const string Sums = "cd mnt && find . -type f | sort | xargs sha1sum && find . | sort | xargs stat -c '%n %a %h %F'";

    /// <summary>Damage in a table is noticed when what it hit is read, the others when the server starts.</summary>
    private static readonly string[] _damages =
    [
        "missing table", "flipped bits in a table", "noise in a table", "cut table",
        "flipped bits in the list of files", "cut list of files", "missing list of files", "noise in CURRENT", "missing CURRENT",
    ];

    [Fact]
    public async Task Damage_of_each_kind_is_noticed_and_repaired()
    {
        string before = await FillAsync();
        await White.ShellAsync("cp -a ../white.data ../backup");
        foreach (string damage in _damages)
        {
            await White.ShellAsync("rm -rf ../white.data && cp -a ../backup ../white.data");
            await RepairAsync(damage, before);
        }
    }

    private async Task RepairAsync(string damage, string before)
    {
        string wounded = Damage(damage);
        if (!damage.EndsWith("in a table", StringComparison.Ordinal)) await IsNoticedAsync();
        ChildProcess.Result repair = await White.TryAsync("server repair");

        string all = $"{damage} ({wounded})\n{ChildProcess.Describe(repair)}";
        Assert.True(repair.Code is 0 or 3, all);
        Assert.Contains("volume myfiles: ", repair.Output);
        string kept = Assert.Single(Directory.GetDirectories(White.DataDirectory, "metadata.damaged-*"));
        Assert.Contains(kept, repair.Output);
        Assert.Empty(Directory.GetDirectories(White.DataDirectory, "metadata.repaired-*"));
        Assert.Empty(Directory.GetDirectories(White.DataDirectory, "metadata.scratch-*"));
        await White.StartServerAsync();
        string after = await White.ShellAsync(Sums);
        Assert.True(before == after, $"{all}\nbefore:\n{before}\nafter:\n{after}");
        await White.ShellAsync("echo new >mnt/after && rm mnt/first/f1 && mv mnt/first mnt/second && ls -R mnt");
        Assert.Equal("one", await White.ShellAsync("ls mnt/.snap"));
        await White.RunAsync("check -read-data");
        Assert.Equal(0, await White.StopServerAsync());
    }

    [Fact]
    public async Task Damaged_log_leaves_what_was_before_the_damage()
    {
        string before = await FillAsync();
        Damage("flipped bits in the log");

        ChildProcess.Result repair = await White.TryAsync("server repair");

        Assert.True(repair.Code is 0 or 3, ChildProcess.Describe(repair));
        await White.StartServerAsync();
        string after = await White.ShellAsync(Sums);
        Assert.All(before.Split('\n').Where(static line => line.Contains(" ./first/f", StringComparison.Ordinal)), line => Assert.Contains(line, after));
    }

    [Fact]
    public async Task Repair_of_a_whole_database_changes_nothing()
    {
        string before = await FillAsync();

        string output = await White.RunAsync("server repair");

        Assert.Contains("none is known to be missing", output);
        Assert.Contains("0 taken from snapshots, 0 lost", output);
        await White.StartServerAsync();
        Assert.Equal(before, await White.ShellAsync(Sums));
    }

    [Fact]
    public async Task Database_is_not_repaired_under_a_running_server_nor_without_the_identity()
    {
        await FillAsync();
        await White.StartServerAsync();
        await White.FailsAsync("server repair", "a server is running", "stop it first");
        Assert.Equal(0, await White.StopServerAsync());
        foreach (string table in Directory.GetFiles(Path.Combine(White.DataDirectory, "metadata"), "*.sst")) File.WriteAllBytes(table, [1, 2, 3]);

        await White.FailsAsync("server repair", "nothing was changed");

        Assert.True(Directory.Exists(Path.Combine(White.DataDirectory, "metadata")));
        Assert.Single(Directory.GetDirectories(White.DataDirectory, "metadata*"));
    }

    /// <summary>The configuration in the first tables, files in the newest, a snapshot of them and more files in the log.</summary>
    private async Task<string> FillAsync()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.RunAsync("volume create myfiles");
        await White.ShellAsync("mkdir mnt");
        await White.RunAsync("volume mount myfiles mnt");
        await White.StopServerAsync();
        await White.StartServerAsync();
        await White.ShellAsync(
            "mkdir mnt/first mnt/first/deep && for i in $(seq 150); do echo $i >mnt/first/f$i; done && head -c 300000 /dev/urandom >mnt/first/deep/large && ln mnt/first/f7 mnt/first/deep/link && chmod 4711 mnt/first/f9");
        await White.StopServerAsync();
        await White.StartServerAsync();
        await White.ShellAsync("mkdir mnt/.snap/one && mkdir mnt/later && for i in $(seq 20); do echo later $i >mnt/later/l$i; done");
        string sums = await White.ShellAsync(Sums);
        await White.StopServerAsync();
        return sums;
    }

    private async Task IsNoticedAsync()
    {
        ChildProcess.Result run = await ChildProcess.ShellAsync(
            $"rm -f messages; timeout -s TERM 15 '{Path.Combine(AppContext.BaseDirectory, "bazil")}' -data-dir='{White.DataDirectory}' server run -addr=:0 2>messages & "
            + "until grep -q 'Listening\\|repair\\|not mounted' messages 2>/dev/null; do sleep 0.05; done; { find mnt -type f >/dev/null; cat mnt/first/f* >/dev/null; } 2>found || true; kill -TERM $! 2>/dev/null || true; wait || true; cat messages found",
            White.Directory, Cancel);
        Assert.True(
            run.Output.Contains("server repair", StringComparison.Ordinal) || run.Output.Contains("Input/output error", StringComparison.Ordinal),
            ChildProcess.Describe(run));
    }

    private string Damage(string damage)
    {
        string directory = Path.Combine(White.DataDirectory, "metadata");
        string pattern = damage.EndsWith("table", StringComparison.Ordinal) ? "*.sst" : damage.EndsWith("log", StringComparison.Ordinal) ? "*.log"
            : damage.EndsWith("CURRENT", StringComparison.Ordinal) ? "CURRENT" : "MANIFEST-*";
        string path = Directory.GetFiles(directory, pattern).MaxBy(static file => new FileInfo(file).Length)!;
        byte[] content = File.ReadAllBytes(path);
        Random random = Seed.Take(1).CreateRandom();
        switch (damage.Split(' ')[0])
        {
            case "missing":
                File.Delete(path);
                break;
            case "cut":
                File.WriteAllBytes(path, content[..(content.Length / 2)]);
                break;
            case "noise":
                random.NextBytes(content.AsSpan(content.Length / 3, Math.Min(2000, content.Length / 3)));
                File.WriteAllBytes(path, content);
                break;
            default:
                for (int i = 0; i < 3; i++) content[(content.Length / 4) + random.Next(content.Length / 4)] ^= 4;
                File.WriteAllBytes(path, content);
                break;
        }

        return $"{Path.GetFileName(path)}, {content.Length} bytes";
    }
}
