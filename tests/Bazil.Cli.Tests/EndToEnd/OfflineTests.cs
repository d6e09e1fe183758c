using System.Diagnostics;
using System.Text.Json;
using Bazil.Testing.Sftp;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>A volume whose content is elsewhere, while elsewhere is away, hangs, and comes back.</summary>
public sealed class OfflineTests : EndToEndTest
{
    private readonly SftpServer _server = new();
    private readonly List<Process> _readers = [];

    public override async ValueTask DisposeAsync()
    {
        foreach (Process reader in _readers)
        {
            reader.Kill();
            reader.Dispose();
        }

        await base.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task What_is_here_works_offline_and_reads_of_the_rest_fail_in_time_or_go_on_when_the_store_is_back()
    {
        string sums = await ShareBySftpAsync("cached first second");
        await Black.ShellAsync("cat mnt/dir/cached >/dev/null");
        _server.Stop();

        // Nothing of this asks anybody.
        await Black.RunAsync("volume unmount copy");
        await Black.RunAsync("volume mount copy mnt");
        var watch = Stopwatch.StartNew();
        Assert.Equal("cached\nfirst\nsecond", await Black.ShellAsync("ls mnt/dir"));
        Assert.Equal("700000", await Black.ShellAsync("stat -c %s mnt/dir/first"));
        Assert.Equal("blue", await Black.ShellAsync("python3 -c 'import os; print(os.getxattr(\"mnt/dir/first\", \"user.colour\").decode())'"));
        Assert.Contains(await Black.ShellAsync("sha256sum mnt/dir/cached | cut -c 1-64"), sums);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"it took {watch.Elapsed}");

        // Those that follow a read that has waited in vain do not wait.
        await Black.RunAsync("volume set copy read-timeout=3s");
        watch.Restart();
        Assert.Equal("No route to host", await FailAsync("dir/first"));
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(12));
        watch.Restart();
        Assert.Equal("No route to host", await FailAsync("dir/second"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2.5), $"it took {watch.Elapsed}");
        Assert.Contains("dir/first cannot be read: cannot use sftp://", Black.Messages);
        Assert.Contains("it refuses the connection", Black.Messages);

        // One store that comes back, and the next one that goes.
        await Black.FailsAsync("volume set copy read-timeout=soon", "such as 30s");
        await Black.RunAsync("volume set copy read-timeout=1m");
        _server.Start();
        Assert.Contains(await Black.ShellAsync("sha256sum mnt/dir/first | cut -c 1-64"), sums);
        _server.Stop();
        Process reader = Read("second");
        JsonElement waiting = await WaitingAsync(Black, static reads => reads.GetArrayLength() > 0);
        Assert.Equal("dir/second", waiting[0].GetProperty("path").GetString());
        Assert.Equal(60, waiting[0].GetProperty("limitSeconds").GetDouble());
        Assert.Matches(@"waiting: +a read of dir/second in copy, for \d+ of 60 s; asked: 127.0.0.1 \(cannot use sftp://.*: it refuses the connection\)", await Black.RunAsync("status"));
        Assert.Equal("cached\nfirst\nsecond", await Black.ShellAsync("ls mnt/dir; cat mnt/dir/cached >/dev/null"));
        _server.Start();
        watch.Restart();
        await EndAsync(reader, 0);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"it took {watch.Elapsed}");
        Assert.Equal(sums, await Black.ShellAsync("cd mnt/dir; sha256sum cached first second"));
        await WaitingAsync(Black, static reads => reads.GetArrayLength() == 0);
    }

    [Fact]
    public async Task Write_to_what_is_elsewhere_and_a_look_into_a_snapshot_wait_for_the_store_and_hold_up_nobody()
    {
        string sums = await ShareBySftpAsync("first second third");
        await Black.ShellAsync("mkdir mnt/.snap/two");
        await Black.RunAsync("volume set copy read-timeout=5m");
        _server.Stop();
        Process writer = Start("/usr/bin/python3", "-c", "import os; os.pwrite(os.open('mnt/dir/first', os.O_WRONLY), b'changed', 200000)"), reader = Read("../.snap/two/dir/second");
        JsonElement waiting = await WaitingAsync(Black, static waits => waits.GetArrayLength() >= 2);
        string[] listed = [.. waiting.EnumerateArray().Select(static wait => $"{wait.GetProperty("operation")} {wait.GetProperty("path")}").Distinct().Order()];
        Assert.Equal(["read .snap/two/dir/second", "write dir/first"], listed);
        Assert.Matches("waiting: +a write of dir/first in copy, for", await Black.RunAsync("status"));
        await Black.ShellAsync("echo new >mnt/dir/new; mkdir mnt/.snap/three; test \"$(cat mnt/.snap/three/dir/new)\" = new");
        _server.Start();
        await EndAsync(writer, 0);
        await EndAsync(reader, 0);
        Assert.Equal("changed", await Black.ShellAsync("dd if=mnt/dir/first bs=1 skip=200000 count=7 status=none"));
        Assert.Equal(sums, await Black.ShellAsync("cd mnt/.snap/two/dir; sha256sum first second third"));
    }

    [Fact]
    public async Task Reader_of_a_server_that_hangs_is_interrupted_and_the_volume_unmounted()
    {
        string sums = await ShareBySftpAsync("first second third");
        _server.Pause();
        Process[] readers = [Read("first"), Read("second")];
        await WaitingAsync(Black, static reads => reads.GetArrayLength() >= 2);
        foreach (Process reader in readers) await ChildProcess.SignalAsync(reader.Id, "INT", Cancel);
        foreach (Process reader in readers) await EndAsync(reader, 130);
        await WaitingAsync(Black, static reads => reads.GetArrayLength() == 0);
        await Black.RunAsync("volume unmount copy");
        await Black.RunAsync("volume mount copy mnt");

        // Under a reader that waits.
        Process last = Read("third");
        await WaitingAsync(Black, static reads => reads.GetArrayLength() > 0);
        var watch = Stopwatch.StartNew();
        await Black.RunAsync("volume unmount -lazy copy");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"it took {watch.Elapsed}");
        await EndAsync(last, 1);
        _server.Resume();
        await Black.RunAsync("volume mount copy mnt");
        Assert.Equal(sums, await Black.ShellAsync("cd mnt/dir; sha256sum first second third"));
    }

    [Fact]
    public async Task Read_from_a_peer_that_hangs_is_interrupted_and_goes_on_when_a_peer_is_back()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        int port = White.ServerPort;
        await White.ShellAsync("mkdir mnt/dir; for name in first second; do head -c 700000 /dev/urandom >mnt/dir/$name; done");
        string sums = await White.ShellAsync("cd mnt/dir; sha256sum first second");
        await Black.RunAsync("volume sync myfiles white");
        await Black.RunAsync("volume set myfiles read-timeout=1m");

        await ChildProcess.SignalAsync(White.ServerProcessId, "STOP", Cancel);
        Process interrupted = Read("first");
        await WaitingAsync(Black, static reads => reads.GetArrayLength() > 0);
        await ChildProcess.SignalAsync(interrupted.Id, "INT", Cancel);
        await EndAsync(interrupted, 130);
        await WaitingAsync(Black, static reads => reads.GetArrayLength() == 0);
        await White.KillServerAsync();

        Process reader = Read("second");
        await WaitingAsync(Black, static reads => reads.GetArrayLength() > 0);
        await White.ShellAsync("umount -l mnt || fusermount3 -uz mnt");
        await White.StartServerAsync($"-addr=:{port}");
        var watch = Stopwatch.StartNew();
        await EndAsync(reader, 0);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"it took {watch.Elapsed}");
        Assert.Equal(sums, await Black.ShellAsync("cd mnt/dir; sha256sum first second"));
    }

    /// <summary>White has files in <c>dir</c> and copies them to the server; black has the volume <c>copy</c> on <c>mnt</c>, and nothing of its content. Returns the checksums.</summary>
    private async Task<string> ShareBySftpAsync(string files)
    {
        await MountAsync(White);
        string config = _server.WriteClientConfig();
        File.Copy(config, Path.Combine(White.DataDirectory, "ssh_config"));
        await White.ShellAsync($"mkdir mnt/dir; cd mnt/dir; for name in {files}; do head -c 700000 /dev/urandom >$name; done; python3 -c 'import os; os.setxattr(\"first\", \"user.colour\", b\"blue\")'");
        await White.ShellAsync("mkdir mnt/.snap/one");
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        while (!(await White.RunAsync("volume storage list myfiles")).Contains(" complete", StringComparison.Ordinal)) Cancel.ThrowIfCancellationRequested();
        string key = await White.ShellAsync($"'{Node.ProgramPath}' -data-dir='{White.DataDirectory}' snapshot list -json myfiles | grep -o '\"key\": *\"[0-9a-f]*\"' | grep -o '[0-9a-f]\\{{64\\}}'");
        await White.RunAsync($"sharing export default {White.Directory}/key");

        await Black.RunAsync("create");
        File.Copy(config, Path.Combine(Black.DataDirectory, "ssh_config"));
        await Black.StartServerAsync();
        await Black.RunAsync("sharing add theirs", await File.ReadAllBytesAsync(Path.Combine(White.Directory, "key"), Cancel));
        await Black.RunAsync($"volume import -snapshot={key} -sharing=theirs -storage={_server.Address} copy");
        await Black.ShellAsync("mkdir mnt");
        await Black.RunAsync("volume mount copy mnt");
        return await White.ShellAsync($"cd mnt/dir; sha256sum {files}");
    }

    /// <summary>Starts a program that reads a file, which may hang.</summary>
    private Process Read(string file) => Start("/usr/bin/md5sum", $"mnt/dir/{file}");

    /// <summary>Starts a program that may hang: its standard output is not read.</summary>
    private Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = Black.Mount + "/..", RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        Process process = Process.Start(start)!;
        _readers.Add(process);
        return process;
    }

    private static async Task EndAsync(Process reader, int code)
    {
        await reader.WaitForExitAsync(Cancel).WaitAsync(ChildProcess.Limit, Cancel);
        Assert.Equal(code, reader.ExitCode);
    }

    private static async Task<string> FailAsync(Node node, string path)
    {
        ChildProcess.Result read = await ChildProcess.ShellAsync($"cat mnt/{path} >/dev/null", node.Directory, Cancel);
        Assert.NotEqual(0, read.Code);
        return read.Error.TrimEnd('\n').Split(": ")[^1];
    }

    private Task<string> FailAsync(string path) => FailAsync(Black, path);

    private static async Task<JsonElement> WaitingAsync(Node node, Func<JsonElement, bool> isReached)
    {
        long deadline = Environment.TickCount64 + 30_000;
        for (;;)
        {
            string reply = await node.RunAsync("status -json");
            JsonElement reads = JsonDocument.Parse(reply).RootElement.GetProperty("waitingReads");
            if (isReached(reads)) return reads;
            Assert.True(Environment.TickCount64 < deadline, $"it was not reached: {reads}\n{node.Messages}");
        }
    }
}
