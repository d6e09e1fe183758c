using System.Globalization;
using System.Text.Json;
using Bazil.Testing.Sftp;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>A storage on a real SFTP server: what a volume has is copied there by itself, and read from there.</summary>
public sealed class SftpStorageTests : EndToEndTest
{
    private readonly SftpServer _server = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task What_a_volume_has_is_copied_and_another_machine_reads_it_from_there_alone()
    {
        await MountAsync(White);
        UseServer(White);
        await White.ShellAsync("mkdir mnt/dir; head -c 3000000 /dev/urandom >mnt/dir/before; echo small >mnt/small");
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await White.ShellAsync("head -c 2000000 /dev/urandom >mnt/after");
        string sums = await White.ShellAsync("cd mnt; sha256sum dir/before after small");
        await White.ShellAsync("mkdir mnt/.snap/one");
        await CompleteAsync(White);
        Assert.Matches(@"nas +sftp://.* +complete", await White.RunAsync("volume storage list myfiles"));
        string key = await White.ShellAsync($"'{Node.ProgramPath}' -data-dir='{White.DataDirectory}' snapshot list -json myfiles | grep -o '\"key\": *\"[0-9a-f]*\"' | grep -o '[0-9a-f]\\{{64\\}}'");
        await White.RunAsync($"sharing export default {White.Directory}/key");
        Assert.Equal(0, await White.StopServerAsync());

        await Black.RunAsync("create");
        UseServer(Black);
        await Black.StartServerAsync();
        await Black.RunAsync("sharing add theirs", await File.ReadAllBytesAsync(Path.Combine(White.Directory, "key"), Cancel));
        await Black.RunAsync($"volume import -snapshot={key} -sharing=theirs -storage={_server.Address} copy");
        await Black.ShellAsync("mkdir mnt");
        await Black.RunAsync("volume mount copy mnt");
        Assert.Matches(@"mnt/dir +default +nothing", await Black.RunAsync("whereis mnt/dir"));
        Assert.Matches(@"mnt/dir +127.0.0.1 +everything +sftp:", await Black.RunAsync("whereis mnt/dir"));
        Assert.Matches(@"^fetched 2\.86 MiB in", await Black.RunAsync("get mnt/dir mnt/small"));
        Assert.Equal("nothing to fetch", await Black.RunAsync("get mnt/dir"));
        Assert.Matches(@"mnt/dir/before +default +everything", await Black.RunAsync("whereis mnt/dir/before"));
        Assert.Matches(@"mnt +default +\d+ of \d+ chunks", await Black.RunAsync("whereis mnt"));
        await Black.FailsAsync("get mnt/nothing", "there is no", "mnt/nothing", $"undelete -list {Black.Mount}");
        Assert.Equal(sums, await Black.ShellAsync("cd mnt; sha256sum dir/before after small"));

        // What it has read is kept: without the server the same again.
        _server.Stop();
        Assert.Matches(@"mnt/dir +127.0.0.1 +everything, last seen \d", await Black.RunAsync("whereis mnt/dir"));
        await Black.RunAsync("volume unmount copy");
        await Black.RunAsync("volume mount copy mnt");
        Assert.Equal(sums, await Black.ShellAsync("cd mnt; sha256sum dir/before after small"));
    }

    [Fact]
    public async Task Content_that_is_there_goes_from_this_machine_while_that_can_be_seen_and_is_read_from_there()
    {
        await MountAsync(White);
        UseServer(White);
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/file");
        string sum = await White.ShellAsync("sha256sum <mnt/file");
        await CompleteAsync(White);
        Assert.Contains("1 copy, one in nas; none of", await White.RunAsync("volume policy set -require=nas myfiles"));
        _server.Stop();
        Assert.Matches(@"^nothing went\nstays: .* nas could not be asked: ", await White.RunAsync("evict mnt/file"));
        _server.Start();
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await White.RunAsync("evict mnt/file"));
        Assert.Matches(@"mnt/file +default +1 of \d+ chunks", await White.RunAsync("whereis mnt/file"));

        // Not by a read, which is answered from memory.
        Assert.Matches(@"^fetched 2\.\d+ MiB in", await White.RunAsync("get mnt/file"));
        Assert.Matches(@"mnt/file +default +everything", await White.RunAsync("whereis mnt/file"));
        Assert.Equal(sum, await White.ShellAsync("sha256sum <mnt/file"));
    }

    [Fact]
    public async Task Two_addresses_of_one_store_are_one_copy_and_what_waits_to_be_copied_stays()
    {
        await MountAsync(White);
        UseServer(White);
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await White.ShellAsync($"ln -s '{_server.Folder}' '{_server.At("link")}'");
        await White.RunAsync($"volume storage add myfiles again {_server.AddressOf(_server.At("link"))}");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/file");
        await CompleteAsync(White);
        await CompleteAsync(White, storage: 2);
        await White.RunAsync("volume policy set -copies=2 -require=again myfiles");
        Assert.Matches(@"^nothing went\nstays: .*: 2 other copies are asked for, and there is only 1 other store that counts$", await White.RunAsync("evict mnt/file"));
        await White.RunAsync("volume policy set -copies=1 -require=again myfiles");
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await White.RunAsync("evict mnt/file"));

        // The policy is met without the third, and nobody but this machine would send it there.
        string other = _server.At("other");
        await White.RunAsync($"volume storage add myfiles other {_server.AddressOf(other)}");
        await CompleteAsync(White, storage: 3);
        await White.ShellAsync($"mv '{other}' '{other}.away'; head -c 3000000 /dev/urandom >mnt/new");
        await CompleteAsync(White);
        await UntilAsync(White, static copy => copy.GetProperty("state").GetString() is "waiting" or "away", storage: 3);
        Assert.Matches(@"^nothing went\nstays: 2\.\d+ MiB in \d+ objects: waits to be copied to a storage of the volume$", await White.RunAsync("evict mnt/new"));
        await White.ShellAsync($"mv '{other}.away' '{other}'");
        await CompleteAsync(White, storage: 3);
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await White.RunAsync("evict mnt/new"));
    }

    [Fact]
    public async Task Copying_goes_on_after_the_machine_was_away_and_after_a_kill()
    {
        await MountAsync(White);
        UseServer(White);
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        _server.Stop();
        await White.ShellAsync("head -c 20000000 /dev/urandom >mnt/large");
        await UntilAsync(White, static copy => copy.GetProperty("state").GetString() == "away");
        await White.UntilSaidAsync("volume storage list myfiles", "refuses the connection");
        await White.UntilSaidAsync("status", "is not copied to storage nas");
        Assert.Equal("20000000", await White.ShellAsync("cat mnt/large | wc -c"));

        // It dies in the middle.
        await White.RunAsync("volume storage limit -up=8MiB/s myfiles nas");
        _server.Start();
        await UntilAsync(White, static copy => copy.GetProperty("sentBytes").GetInt64() > 0);
        await White.KillServerAsync();
        await White.ShellAsync("umount -l mnt || fusermount3 -uz mnt");
        await White.StartServerAsync();
        await White.RunAsync("server ping");
        Assert.Contains("at most 8MiB/s", await White.RunAsync("volume storage list myfiles"));
        await White.RunAsync("volume storage limit -down=3MiB/s -at=08:00-18:00 myfiles nas");
        Assert.Matches("at most 3MiB/s at 08:00-18:00 .*at most 8MiB/s", await White.RunAsync("volume storage list myfiles"));
        await White.RunAsync("volume storage limit -off myfiles nas");
        await CompleteAsync(White);
        Assert.InRange(PackBytes(), 20_000_000, 40_000_000);
        Assert.DoesNotContain("is not copied", await White.RunAsync("status"));

        // What is removed and added again is found there, and what somebody has taken away meanwhile is sent anew.
        long before = PackBytes();
        await White.RunAsync("volume storage remove myfiles nas");
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await CompleteAsync(White);
        Assert.Equal(before, PackBytes());
        await White.RunAsync("volume storage remove myfiles nas");
        FileInfo largest = new DirectoryInfo(Path.Combine(_server.Folder, "packs")).EnumerateFiles("*.pack", SearchOption.AllDirectories).MaxBy(static file => file.Length)!;
        largest.Delete();
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await CompleteAsync(White);
        Assert.InRange(PackBytes(), 20_000_000, 40_000_000);
    }

    [Fact]
    public async Task What_is_wrong_with_a_storage_is_said_when_it_is_added_and_nothing_is_added()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.RunAsync("volume create myfiles");
        UseServer(White);
        await White.FailsAsync($"volume storage add myfiles nas {_server.AddressOf(_server.At("no/such/place"))}", "look at the path");
        await File.WriteAllTextAsync(_server.At("full"), "other", Cancel);
        await White.FailsAsync($"volume storage add myfiles nas {_server.AddressOf(_server.At(""))}", "has other things in it", "name a folder that is new or empty");
        await White.FailsAsync($"volume create -backend={_server.Address} other", "a volume is written to local", "volume storage add");
        _server.MakeKey("stranger");
        _server.WriteClientConfig("stranger");
        File.Copy(_server.At("ssh_config"), Path.Combine(White.DataDirectory, "ssh_config"), overwrite: true);
        await White.FailsAsync($"volume storage add myfiles nas {_server.Address}", "does not let us in", "without a password");
        UseServer(White);
        _server.MakeKey("impostor");
        _server.WriteKnownHosts("impostor");
        await White.FailsAsync($"volume storage add myfiles nas {_server.Address}", "host key has changed", "ssh-keygen -R");
        _server.WriteKnownHosts("host");
        _server.Stop();
        await White.FailsAsync($"volume storage add myfiles nas {_server.Address}", "refuses the connection");
        Assert.DoesNotContain("nas", await White.RunAsync("volume storage list myfiles"));
        _server.Start();
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await White.FailsAsync($"volume storage add myfiles again {_server.Address}", "uses this storage already, as nas");

        // Another store in its place is noticed, and taken only when somebody says so.
        await CompleteAsync(White);
        await White.StopServerAsync();
        Directory.Delete(_server.Folder, recursive: true);
        await White.StartServerAsync();
        await UntilAsync(White, static copy => copy.GetProperty("state").GetString() == "waiting");
        Assert.Contains("is no store any more", await White.RunAsync("volume storage list myfiles"));
        await White.RunAsync("volume storage remove myfiles nas");
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await CompleteAsync(White);

        // So it is when the volume is removed.
        await White.RunAsync("volume remove myfiles");
        Directory.Delete(_server.Folder, recursive: true);
        await White.RunAsync("volume create myfiles");
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await CompleteAsync(White);
    }

    private void UseServer(Node node) => File.Copy(_server.WriteClientConfig(), Path.Combine(node.DataDirectory, "ssh_config"), overwrite: true);

    private long PackBytes() => Directory.EnumerateFiles(Path.Combine(_server.Folder, "packs"), "*.pack", SearchOption.AllDirectories).Sum(static file => new FileInfo(file).Length);

    private static Task CompleteAsync(Node node, int storage = 1) => UntilAsync(node, static copy => copy.GetProperty("state").GetString() == "complete", storage);

    private static async Task UntilAsync(Node node, Func<JsonElement, bool> isReached, int storage = 1)
    {
        long deadline = Environment.TickCount64 + 60_000;
        for (;;)
        {
            string reply = await node.RunAsync("volume storage list -json myfiles");
            JsonElement copy = JsonDocument.Parse(reply).RootElement.GetProperty("storages")[storage].GetProperty("copy");
            if (isReached(copy)) return;
            Assert.True(Environment.TickCount64 < deadline, string.Create(CultureInfo.InvariantCulture, $"it was not reached: {reply}\n{node.Messages}"));
        }
    }
}
