using System.Diagnostics;
using System.Security.Cryptography;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Each mistake and each fault is a clear error within seconds, and loses nothing.</summary>
public sealed class BadInputTests : EndToEndTest
{
    [Fact]
    public async Task Names_that_cannot_be_used_are_refused()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();

        await White.FailsAsync("volume create a/b", "invalid volume name \"a/b\": it contains a slash");
        await White.FailsAsync(["volume", "create", ""], "invalid volume name: it is empty");
        await White.FailsAsync(["volume", "create", new string('x', 300)], "300 bytes are too long");
        await White.FailsAsync(["volume", "create", "a\nb"], "control character");
        await White.FailsAsync("volume create -sharing=none myfiles", "there is no sharing key none", "sharing add none");
        await White.FailsAsync("volume create -backend=bogus myfiles", "invalid backend \"bogus\"");
        Assert.Equal("", await White.RunAsync("volume list"));

        await White.RunAsync("volume create myfiles");
        await White.FailsAsync("volume create myfiles", "volume myfiles exists already");
        foreach (string verb in (string[])["show nothing", "unmount nothing", "mount nothing /tmp", "sync nothing peer", "storage list nothing"])
        {
            await White.FailsAsync($"volume {verb}", "there is no volume nothing", "volume list");
        }
    }

    [Fact]
    public async Task Settings_of_a_volume_that_make_no_sense_are_refused()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.RunAsync("volume create myfiles");

        await White.FailsAsync("volume set myfiles compression=maybe", "invalid value \"maybe\" of compression", "on or off");
        await White.FailsAsync("volume set myfiles compression=off colour=red", "a volume has no setting \"colour\"", "compression=on|off");
        await White.FailsAsync("volume set nothing compression=off", "there is no volume nothing");
        Assert.Equal(2, (await White.TryAsync("volume set myfiles compression")).Code);
        Assert.Matches("compression: +on\n", await White.RunAsync("volume show myfiles"));
        await White.RunAsync("volume set myfiles compression=off");
        Assert.Matches("compression: +off\n", await White.RunAsync("volume show myfiles"));
    }

    [Fact]
    public async Task Directory_with_other_things_in_it_does_not_become_a_storage()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.RunAsync("volume create myfiles");
        string used = Path.Combine(White.Directory, "used");
        Directory.CreateDirectory(Path.Combine(used, "photos"));

        await White.FailsAsync($"volume storage add myfiles spare {used}", $"directory {used} has other things in it", $"for example: mkdir {used}/bazil");
        Assert.Equal(["photos"], Directory.EnumerateFileSystemEntries(used).Select(Path.GetFileName));
        Directory.CreateDirectory(Path.Combine(used, "bazil"));
        await White.RunAsync($"volume storage add myfiles spare {used}/bazil");
        await White.RunAsync("volume storage remove myfiles spare");
        await White.RunAsync($"volume storage add myfiles spare {used}/bazil");
    }

    [Fact]
    public async Task Peers_that_make_no_sense_are_refused()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        string self = await White.RunAsync("pubkey");
        string other = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

        await White.FailsAsync($"peer add {self}", "cannot add self as peer");
        await White.FailsAsync("peer show nobody", "\"nobody\" is neither a public key (64 hex digits) nor the nickname of a peer");
        await White.FailsAsync($"peer show {other}", $"peer {other} is not known here", $"peer add {other}");
        await White.RunAsync($"peer add {other} friend");
        await White.RunAsync($"peer add {other}");
        await White.FailsAsync("peer location set friend nonsense", "invalid location \"nonsense\": it must be HOST:PORT");
        await White.FailsAsync("peer storage allow friend bogus", "invalid storage \"bogus\"");
        await White.FailsAsync("peer storage allow friend /nowhere/bazil-typo", "there is no storage at /nowhere/bazil-typo", "volume storage add");
        string mistyped = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await White.FailsAsync($"peer storage allow friend {mistyped}", $"there is no storage at {mistyped}");
        Assert.False(Directory.Exists(mistyped));
        await White.FailsAsync("peer volume allow friend nothing", "there is no volume nothing");
        await White.FailsAsync($"peer name friend {self}", "it looks like a public key");
        await White.RunAsync("peer remove friend");
        Assert.Equal("", await White.RunAsync("peer list"));
    }

    [Fact]
    public async Task Secret_of_another_length_is_refused_by_name()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        foreach (int length in (int[])[0, 31, 33])
        {
            ChildProcess.Result result = await White.TryAsync("sharing add friends", new byte[length]);
            Assert.Equal(1, result.Code);
            Assert.Contains("sharing key friends must be exactly 32 bytes", result.Error);
        }

        await White.RunAsync("sharing add friends", new byte[32]);
        ChildProcess.Result again = await White.TryAsync("sharing add friends", new byte[32]);
        Assert.Equal(1, again.Code);
        Assert.Contains("sharing key friends exists already", again.Error);
    }

    [Fact]
    public async Task Mount_points_that_cannot_be_used_are_refused()
    {
        await MountAsync(White);
        await White.RunAsync("volume create second");
        await White.ShellAsync("mkdir full free; touch full/x file; mkdir mnt/inside; ln -s mnt/inside link");

        await White.FailsAsync("volume mount second missing", $"mount point {White.Directory}/missing does not exist", "mkdir");
        await White.FailsAsync("volume mount second file", "is not a directory");
        await White.FailsAsync("volume mount second full", "is not empty");
        await White.FailsAsync("volume mount second mnt", "a volume is mounted there already");
        await White.FailsAsync("volume mount second mnt/inside", "inside a mounted volume");
        await White.FailsAsync("volume mount second link", "inside a mounted volume");
        await White.FailsAsync("volume mount second /proc", "already mounted");
        await White.FailsAsync("volume mount myfiles free", $"volume myfiles is already mounted on {White.Mount}", "volume unmount myfiles");
        Assert.Equal("inside", await White.ShellAsync("ls mnt"));
    }

    [Fact]
    public async Task Volume_in_use_is_unmounted_only_when_told_so_and_who_uses_it_is_named()
    {
        await MountAsync(White);
        await White.ShellAsync("mkdir mnt/inside");
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", "echo standing; read line"])
        {
            UseShellExecute = false, WorkingDirectory = Path.Combine(White.Mount, "inside"), RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        Assert.Equal("standing", await shell.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));

        await White.FailsAsync("volume unmount myfiles", $"volume myfiles is in use by sh ({shell.Id})", "volume unmount -lazy myfiles");
        Assert.True(White.IsMounted());
        await White.RunAsync("volume unmount -lazy ./mnt");
        Assert.False(White.IsMounted());
        shell.StandardInput.Close();
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Volume_is_unmounted_by_the_path_of_its_mount_too()
    {
        await MountAsync(White);
        await White.FailsAsync("volume unmount mnt/inside", $"no volume is mounted on {White.Mount}/inside", "volume list");
        await White.RunAsync("volume unmount ./mnt");
        Assert.False(White.IsMounted());
        await White.FailsAsync("volume unmount ./mnt", $"no volume is mounted on {White.Mount}");
    }

    [Fact]
    public async Task Storage_whose_directory_is_a_mistake_is_not_made()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        string typo = Path.Combine(White.Directory, "typo");
        await White.FailsAsync($"volume create -backend={typo} myfiles", $"storage {typo} cannot be used: there is no such directory", $"mkdir -p {typo}");
        Assert.Equal("", await White.RunAsync("volume list"));
        await White.RunAsync("volume create myfiles");
        await White.FailsAsync($"volume storage add myfiles spare {typo}", $"storage {typo} cannot be used: there is no such directory", $"mkdir -p {typo}");
        Assert.False(Directory.Exists(typo));
        await White.ShellAsync("mkdir typo");
        await White.RunAsync($"volume storage add myfiles spare {typo}");
        await White.RunAsync($"volume create -backend={typo} other");
    }

    [Fact]
    public async Task Second_server_on_one_data_directory_is_refused()
    {
        await White.FailsAsync("server run", "there is no data directory", "create");
        await White.FailsAsync("server ping", "there is no data directory", "create");
        await White.RunAsync("create");
        await White.FailsAsync("server ping", "no server is running", "server run");
        await White.StartServerAsync();

        await White.FailsAsync("server run -addr=:0", $"another server is already running (pid {White.ServerProcessId})");
        await White.FailsAsync("debug pubkey", $"another server is already running (pid {White.ServerProcessId})", "pubkey");

        await White.RunAsync("create");
        await White.RunAsync("server ping");
    }

    [Fact]
    public async Task Port_that_is_taken_is_refused_only_when_it_was_asked_for()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await Black.RunAsync("create");

        await Black.FailsAsync($"server run -addr=:{White.ServerPort}", $"cannot listen on [::]:{White.ServerPort}");
        await Black.StartServerAsync($"-addr=:{White.ServerPort} -any-port=true");

        Assert.NotEqual(White.ServerPort, Black.ServerPort);
    }

    [Fact]
    public async Task Damaged_database_is_refused_by_name()
    {
        await MountAsync(White);
        await White.ShellAsync("for i in $(seq 200); do echo $i >mnt/$i; done");
        Assert.Equal(0, await White.StopServerAsync());
        await White.ShellAsync($"for f in {White.DataDirectory}/metadata/MANIFEST-*; do head -c 100 /dev/urandom | dd of=$f bs=1 seek=10 conv=notrunc status=none; done");

        await White.FailsAsync("server run -addr=:0", Path.Combine(White.DataDirectory, "metadata"));
        await White.FailsAsync("debug pubkey", Path.Combine(White.DataDirectory, "metadata"));
    }

    [Fact]
    public async Task Damaged_segment_is_an_error_and_never_wrong_content()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("head -c 500000 /dev/urandom >content && cp content mnt/file && sync mnt/file");
        await Black.RunAsync("volume sync myfiles white");
        Assert.Equal(0, await White.StopServerAsync());
        string segments = Path.Combine(White.DataDirectory, "objects", "segments");
        await White.ShellAsync($"cp -a {segments} ../saved; for f in {segments}/*.seg; do printf damage | dd of=$f bs=1 seek=200000 conv=notrunc status=none; done");
        await White.StartServerAsync("-addr=:" + White.ServerPort);

        ChildProcess.Result read = await ChildProcess.ShellAsync("cmp content mnt/file", White.Directory, Cancel);
        Assert.Contains("Input/output error", read.Error);
        ChildProcess.Result remote = await ChildProcess.ShellAsync("cat mnt/file >/dev/null", Black.Directory, Cancel);
        Assert.NotEqual(0, remote.Code);

        Assert.Equal(0, await White.StopServerAsync());
        await White.ShellAsync($"cp -a ../saved/. {segments}");
        await White.StartServerAsync("-addr=:" + White.ServerPort);
        await White.ShellAsync("cmp content mnt/file");
        Assert.Equal(await White.ShellAsync("sha256sum <content"), await Black.ShellAsync("sha256sum <mnt/file"));
    }

    [Fact]
    public async Task Wrong_sharing_key_is_refused_at_connect()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.RunAsync("volume create -sharing=friends other");
        await White.RunAsync("peer volume allow black other");
        await Black.RunAsync("sharing add enemies", RandomNumberGenerator.GetBytes(32));

        await Black.FailsAsync("volume connect -sharing=enemies white other", "wrong sharing key", "other", "enemies");
        await Black.FailsAsync("volume connect white other", "wrong sharing key", "default");
        await Black.FailsAsync("volume connect -sharing=none white other", "there is no sharing key none");
        await Black.FailsAsync("volume connect -sharing=friends white myfiles", "volume myfiles exists already");
        await Black.RunAsync("volume connect -sharing=friends white other");
    }

    [Fact]
    public async Task Peer_that_is_not_allowed_learns_nothing()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.RunAsync("volume create -sharing=friends private");

        ChildProcess.Result existing = await Black.TryAsync("volume connect -sharing=friends white private");
        ChildProcess.Result missing = await Black.TryAsync("volume connect -sharing=friends white nothing");

        Assert.Equal(1, existing.Code);
        Assert.Contains("refused", existing.Error);
        Assert.Equal(existing.Error.Replace("private", "nothing", StringComparison.Ordinal), missing.Error);
    }

    [Fact]
    public async Task Denial_counts_at_once()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("echo one >mnt/file; head -c 300000 /dev/urandom >mnt/big");
        await Black.RunAsync("volume sync myfiles white");

        await White.RunAsync("peer storage deny black local");
        ChildProcess.Result read = await ChildProcess.ShellAsync("cat mnt/big >/dev/null", Black.Directory, Cancel);
        Assert.NotEqual(0, read.Code);
        await White.RunAsync("peer storage allow black local");
        await Black.ShellAsync("cat mnt/big >/dev/null");

        await White.RunAsync("peer volume deny black myfiles");
        await Black.FailsAsync("volume sync myfiles white", "refused");
        await White.RunAsync("peer volume allow black myfiles");
        await Black.RunAsync("volume sync myfiles white");

        await White.RunAsync("peer remove black");
        await Black.FailsAsync("volume sync myfiles white", "peer white ");
        Assert.Equal("one", await Black.ShellAsync("cat mnt/file"));
    }

    [Fact]
    public async Task Unreachable_peer_is_an_error_that_names_it()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("head -c 300000 /dev/urandom >mnt/big");
        await Black.RunAsync("volume sync myfiles white");
        Assert.Equal(0, await White.StopServerAsync());

        await Black.FailsAsync("volume sync myfiles white", $"127.0.0.1:{White.ServerPort} cannot be reached", "peer location set white HOST:PORT");
        ChildProcess.Result read = await ChildProcess.ShellAsync("cat mnt/big", Black.Directory, Cancel);
        Assert.Contains("No route to host", read.Error);
        await Black.ShellAsync("echo mine >mnt/mine; cat mnt/mine");

        await White.StartServerAsync("-addr=:" + White.ServerPort);
        await Black.ShellAsync("cat mnt/big >/dev/null");
    }

    [Fact]
    public async Task Peer_that_stops_answering_is_an_error_within_seconds()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/big; echo small >mnt/small");
        await Black.RunAsync("volume sync myfiles white");
        await Black.ShellAsync("head -c 100000 mnt/big >/dev/null");

        await ChildProcess.SignalAsync(White.ServerProcessId, "STOP", Cancel);
        await Black.FailsAsync("volume sync myfiles white", "cannot be reached");
        ChildProcess.Result read = await ChildProcess.ShellAsync("cat mnt/big >/dev/null", Black.Directory, Cancel);
        Assert.NotEqual(0, read.Code);
        Assert.True(read.Took < TimeSpan.FromSeconds(60), ChildProcess.Describe(read));
        Assert.Equal("small", await Black.ShellAsync("cat mnt/small"));
        await ChildProcess.SignalAsync(White.ServerProcessId, "CONT", Cancel);

        await Black.RunAsync("volume sync myfiles white");
        Assert.Equal(await White.ShellAsync("sha256sum <mnt/big"), await Black.ShellAsync("sha256sum <mnt/big"));
    }
}
