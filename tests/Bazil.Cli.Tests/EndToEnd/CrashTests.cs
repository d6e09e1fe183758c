using Bazil.Testing;

namespace Bazil.Cli.Tests.EndToEnd;

public sealed class CrashTests : EndToEndTest
{
    /// <summary>
    /// Writes, overwrites and renames files in a mount, each followed by an fsync, and notes outside of the mount what it is about to
    /// sync and what has been synced. The content of version v of file f is a function of both.
    /// </summary>
    private const string Oracle = """
        import hashlib, os, random, sys
        mount, notes, seed = sys.argv[1], open(sys.argv[2], "w", buffering=1), int(sys.argv[3])
        rng = random.Random(seed)
        def content(name, version):
            size = random.Random(f"{seed}/{name}/{version}").choice([0, 1, 100, 4096, 70000, 300000])
            block = hashlib.sha256(f"{name}/{version}".encode()).digest()
            return (block * (size // 32 + 1))[:size]
        version = 0
        while True:
            version += 1
            name = f"f{rng.randrange(20)}"
            replace = rng.random() < 0.3
            notes.write(f"begin {name} {version}\n")
            path = os.path.join(mount, name + ".tmp" if replace else name)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            data = content(name, version)
            while data:
                data = data[os.write(fd, data):]
            os.fsync(fd)
            os.close(fd)
            if replace:
                os.rename(path, os.path.join(mount, name))
                fd = os.open(mount, os.O_RDONLY)
                os.fsync(fd)
                os.close(fd)
            notes.write(f"done {name} {version}\n")
        """;

    /// <summary>Reads the files back: each must be what was synced last, or something that was begun after it.</summary>
    private const string Verdict = """
        import hashlib, os, random, sys
        mount, seed = sys.argv[1], int(sys.argv[3])
        def content(name, version):
            size = random.Random(f"{seed}/{name}/{version}").choice([0, 1, 100, 4096, 70000, 300000])
            block = hashlib.sha256(f"{name}/{version}".encode()).digest()
            return (block * (size // 32 + 1))[:size]
        allowed, synced = {}, 0
        for line in open(sys.argv[2]):
            kind, name, version = line.split()
            if kind == "begin": allowed.setdefault(name, []).append(int(version))
            else:
                allowed[name] = [int(version)]
                synced += 1
        last = line.split() if synced else ["done", "", "0"]
        for name, versions in allowed.items():
            path = os.path.join(mount, name)
            if last[0] == "begin" and last[1] == name:
                # Cut down in the middle of this one: a truncated or half written file is what was asked for.
                if os.path.exists(path): open(path, "rb").read()
                continue
            found = open(path, "rb").read()
            if not any(found == content(name, v) for v in versions):
                sys.exit(f"{name}: {len(found)} bytes, which is none of the versions {versions}")
        print(synced)
        """;

    [Fact]
    public async Task Everything_that_was_fsynced_survives_kill_9()
    {
        Seed seed = Seed.Take(1);
        await MountAsync(White);
        int synced = 0;
        for (int round = 0; round < 3; round++)
        {
            string notes = Path.Combine(Root, $"notes{round}");
            Task<ChildProcess.Result> oracle = PythonAsync(Oracle, notes, seed.Value + round);
            await WaitForNotesAsync(notes, minimum: 30, oracle);

            await White.KillServerAsync();
            await oracle;
            await White.StartServerAsync();

            Assert.True(White.IsMounted(), White.Messages);
            ChildProcess.Result verdict = await PythonAsync(Verdict, notes, seed.Value + round);
            Assert.True(verdict.Code == 0, $"{seed}, round {round}\n{ChildProcess.Describe(verdict)}\n{White.Messages}");
            synced += int.Parse(verdict.Output.Trim(), System.Globalization.CultureInfo.InvariantCulture);
            await White.ShellAsync("rm -f mnt/*");
        }

        Assert.True(synced >= 90);
    }

    [Fact]
    public async Task Terminated_server_leaves_no_mount_and_loses_nothing()
    {
        await MountAsync(White);
        await White.ShellAsync("echo unsynced >mnt/file; mkdir mnt/dir; head -c 500000 /dev/zero | tr '\\0' x >mnt/dir/big");

        Assert.Equal(0, await White.StopServerAsync());

        Assert.False(White.IsMounted());
        Assert.Equal("", await White.ShellAsync("ls mnt"));
        Assert.False(File.Exists(Path.Combine(White.DataDirectory, "control")));
        await White.StartServerAsync();
        Assert.Equal("unsynced", await White.ShellAsync("cat mnt/file"));
        Assert.Equal("500000", await White.ShellAsync("tr -d '\\n' <mnt/dir/big | wc -c"));
    }

    [Fact]
    public async Task Termination_does_not_wait_for_programs_that_keep_files_open()
    {
        await MountAsync(White);
        await White.ShellAsync("echo x >mnt/file");
        Task<ChildProcess.Result> holder = ChildProcess.ShellAsync("exec 3<mnt/file; echo $$ >pid.new; mv pid.new pid; exec sleep 100", White.Directory, Cancel);
        await White.ShellAsync("until [[ -e pid ]]; do sleep 0.05; done");

        Assert.Equal(0, await White.StopServerAsync());

        Assert.False(White.IsMounted());
        await White.ShellAsync("kill $(cat pid)");
        await holder;
    }

    [Fact]
    public async Task Unmounted_volume_stays_unmounted_after_a_restart()
    {
        await MountAsync(White);
        await White.RunAsync("volume unmount myfiles");
        Assert.False(White.IsMounted());
        await White.FailsAsync("volume unmount myfiles", "volume myfiles is not mounted");

        Assert.Equal(0, await White.StopServerAsync());
        await White.StartServerAsync();

        Assert.False(White.IsMounted());
    }

    [Fact]
    public async Task Service_manager_is_told_when_the_server_is_ready()
    {
        string path = Path.Combine(Root, "notify");
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        await White.RunAsync("create");
        White.Variables["NOTIFY_SOCKET"] = path;

        await White.StartServerAsync();
        byte[] buffer = new byte[100];
        int ready = await socket.ReceiveAsync(buffer, Cancel);
        Assert.Equal("READY=1", System.Text.Encoding.UTF8.GetString(buffer, 0, ready));
        Assert.Equal(0, await White.StopServerAsync());
        int stopping = await socket.ReceiveAsync(buffer, Cancel);
        Assert.Equal("STOPPING=1", System.Text.Encoding.UTF8.GetString(buffer, 0, stopping));
    }

    private Task<ChildProcess.Result> PythonAsync(string script, string notes, int seed)
    {
        var start = new System.Diagnostics.ProcessStartInfo("/usr/bin/python3");
        foreach (string word in (string[])["-c", script, White.Mount, notes, $"{seed}"]) start.ArgumentList.Add(word);
        return ChildProcess.RunAsync(start, null, Cancel);
    }

    private async Task WaitForNotesAsync(string notes, int minimum, Task<ChildProcess.Result> oracle)
    {
        Task<string> enough = White.ShellAsync($"until [[ $(grep -c done {notes} 2>/dev/null) -ge {minimum} ]]; do sleep 0.05; done");
        if (await Task.WhenAny(enough, oracle) == oracle) Assert.Fail($"the oracle ended: {ChildProcess.Describe(await oracle)}");
        await enough;
    }
}
