using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Snapshots, history, restore and import with the real program and real mounts.</summary>
public sealed class SnapshotTests : EndToEndTest
{
    [Fact]
    public async Task A_snapshot_is_taken_listed_compared_renamed_and_removed()
    {
        await using Node node = await StartAsync("one");
        await node.ShellAsync("mkdir mnt/d && echo 1 >mnt/d/f && echo 1 >mnt/gone && echo 1 >mnt/moved");
        string key = await node.RunAsync("snapshot create myfiles monday");
        Assert.Equal(64, key.Length);
        await node.ShellAsync("echo 22 >mnt/d/f && rm mnt/gone && mv mnt/moved mnt/d/there && chmod 700 mnt/d && echo 1 >mnt/new");
        await node.ShellAsync("mkdir mnt/.snap/tuesday && echo 1 >mnt/today");

        using JsonDocument list = JsonDocument.Parse(await node.RunAsync("snapshot list -json myfiles"));
        JsonElement[] snapshots = [.. list.RootElement.GetProperty("snapshots").EnumerateArray()];
        Assert.Equal(["monday", "tuesday"], snapshots.Select(static s => s.GetProperty("name").GetString()));
        Assert.Equal(key, snapshots[0].GetProperty("key").GetString());
        Assert.Equal(3, snapshots[0].GetProperty("files").GetInt32());
        Assert.Contains(key, await node.RunAsync("snapshot list myfiles"));

        Assert.Equal("A d/\nM d/f\nR moved -> d/there\n- gone\n+ new", await node.RunAsync("snapshot diff myfiles monday tuesday"));
        Assert.Equal("+ today", await node.RunAsync("snapshot diff myfiles tuesday"));
        Assert.Equal("", await node.RunAsync("snapshot diff myfiles monday monday"));

        await node.RunAsync("snapshot rename myfiles monday mon");
        Assert.Equal("mon tuesday", await node.ShellAsync("ls mnt/.snap | xargs"));
        await node.RunAsync("snapshot remove myfiles mon");
        Assert.Equal("tuesday", await node.ShellAsync("ls mnt/.snap"));
    }

    [Fact]
    public async Task Files_and_directories_are_restored()
    {
        await using Node node = await StartAsync("one");
        await node.ShellAsync("mkdir -p mnt/d/e && head -c 3000000 /dev/urandom >mnt/d/big && echo 1 >mnt/d/e/f && ln mnt/d/big mnt/d/link && touch -d 2020-02-02 mnt/d/e && sha256sum <mnt/d/big >sum");
        await node.RunAsync("snapshot create myfiles s");
        await node.ShellAsync("rm -r mnt/d/e && echo other >mnt/d/big && echo 1 >mnt/d/new");

        await node.FailsAsync("snapshot restore myfiles s d", "d of volume myfiles exists already: nothing was restored", "-to PATH", "-in-place");
        Assert.Equal("d/e: 2 restored", await node.RunAsync("snapshot restore myfiles s d/e"));
        Assert.Equal("1 2020-02-02", await node.ShellAsync("echo $(cat mnt/d/e/f) $(stat -c %y mnt/d/e | cut -d' ' -f1)"));
        Assert.Equal("old: 5 restored", await node.RunAsync("snapshot restore myfiles s d -to old"));
        await node.ShellAsync("sha256sum <mnt/old/big | cmp - sum && test mnt/old/big -ef mnt/old/link && ! test -e mnt/old/new");

        string[] lines = (await node.RunAsync("snapshot restore myfiles s -in-place")).Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("what was there is in snapshot before-restore-", lines[1]);
        await node.ShellAsync("sha256sum <mnt/d/big | cmp - sum && ! test -e mnt/d/new && ! test -e mnt/old");
        await node.ShellAsync("test -e mnt/.snap/before-restore-*/d/new && test $(cat mnt/.snap/before-restore-*/d/big) = other");
        Assert.Equal("", await node.RunAsync("snapshot diff myfiles s"));
    }

    [Fact]
    public async Task A_file_has_a_history_and_comes_back_when_it_was_deleted()
    {
        await using Node node = await StartAsync("one");
        await node.ShellAsync("mkdir mnt/d && echo 1 >mnt/d/f");
        await node.RunAsync("snapshot create myfiles s1");
        await node.ShellAsync("echo 22 >mnt/d/f && mv mnt/d/f mnt/d/g");
        await node.RunAsync("snapshot create myfiles s2");
        await node.RunAsync("snapshot create myfiles s3");
        using (JsonDocument history = JsonDocument.Parse(await node.RunAsync("history -json mnt/d/g")))
        {
            JsonElement[] versions = [.. history.RootElement.GetProperty("versions").EnumerateArray()];
            Assert.Equal(["s3 d/g 3 True", "s1 d/f 2 False"], versions.Select(static v => $"{v.GetProperty("snapshot")} {v.GetProperty("path")} {v.GetProperty("bytes")} {v.GetProperty("present")}"));
        }

        await node.ShellAsync("rm -r mnt/d");
        await node.FailsAsync("undelete mnt/d/g", "mnt/d/g is in snapshot s3, but its directory is not there any more", $"undelete {node.Mount}/d");
        Assert.StartsWith("d: 2 restored from snapshot s3", await node.RunAsync("undelete mnt/d"));
        Assert.Equal("22", await node.ShellAsync("cat mnt/d/g"));
        await node.FailsAsync("undelete mnt/d/g", "mnt/d/g is there: nothing was restored", "history");
        await node.ShellAsync("rm mnt/d/g");
        using (JsonDocument lost = JsonDocument.Parse(await node.RunAsync("undelete -list -json mnt/d")))
        {
            Assert.Equal(["f s1", "g s3"], lost.RootElement.GetProperty("names").EnumerateArray().Select(static n => $"{n.GetProperty("name")} {n.GetProperty("snapshot")}"));
        }

        await node.RunAsync("undelete mnt/d/f");
        Assert.Equal("1", await node.ShellAsync("cat mnt/d/f"));
        await node.FailsAsync("undelete mnt/never", "neither volume myfiles has never, nor its 3 snapshots, s1 to s3");
        await node.FailsAsync("undelete -list mnt/d/f", "mnt/d/f is no directory", $"history {node.Mount}/d/f");
        await node.FailsAsync("snapshot restore myfiles s1 mnt/d/f", "has no mnt/d/f", $"paths count from the root of the volume; see what it has: ls {node.Mount}/.snap/s1");
        await node.FailsAsync("history mnt", "is the root of volume myfiles");
        await node.FailsAsync("history mnt/.snap/s1/d/f", "not a file of volume myfiles");
        await node.FailsAsync("history /etc/hostname", "/etc/hostname is not in a mounted volume of this node");
    }

    [Fact]
    public async Task The_server_takes_scheduled_snapshots_once_for_each_interval()
    {
        await using Node node = await StartAsync("one");
        Assert.Equal("off", await node.RunAsync("snapshot schedule myfiles"));
        await node.ShellAsync("echo 1 >mnt/f");
        Assert.Equal("every: 366d\nkeep:  daily=7,last=3", await node.RunAsync("snapshot schedule myfiles -every=366d --keep daily=7,last=3"));

        // The schedule is looked at when the server starts.
        for (int start = 0; start < 2; start++)
        {
            Assert.Equal(0, await node.StopServerAsync());
            await node.StartServerAsync();
            await node.ShellAsync("for i in $(seq 100); do test -n \"$(ls mnt/.snap)\" && exit 0; sleep 0.1; done; exit 1");
        }

        using JsonDocument list = JsonDocument.Parse(await node.RunAsync("snapshot list -json myfiles"));
        Assert.Equal("schedule", Assert.Single(list.RootElement.GetProperty("snapshots").EnumerateArray()).GetProperty("origin").GetString());
        Assert.Equal("366d", list.RootElement.GetProperty("schedule").GetProperty("every").GetString());
        Assert.Equal("off", await node.RunAsync("snapshot schedule myfiles -off"));
        await node.FailsAsync("snapshot schedule myfiles -every 1s", "invalid interval \"1s\"", "for example 1h");
        await node.FailsAsync("snapshot schedule myfiles -keep hourly", "invalid retention \"hourly\"", "hourly=24");
        await node.FailsAsync("snapshot schedule myfiles -keep hourly=1,hourly=2", "it has hourly twice");
        await node.FailsAsync("snapshot schedule myfiles -keep 1=1", "invalid retention \"1=1\"");
    }

    [Fact]
    public async Task A_volume_is_rebuilt_from_a_snapshot_key_and_the_sharing_key_alone()
    {
        string storage = Path.Combine(Root, "storage");
        string key;
        byte[] secret;
        string described;
        const string Describe = "cd mnt && find . -mindepth 1 -printf '%P %y %m %T@ %s %l %n\\n' | sort && find . -type f | sort | xargs sha256sum && stat -c '%a' . && python3 -c 'import os; print(os.getxattr(\"a/big\", \"user.note\"))'";
        await using (Node first = new(Root, "first"))
        {
            await first.RunAsync("create");
            await first.StartServerAsync();
            Directory.CreateDirectory(storage);
            await first.RunAsync($"volume create -backend={storage} myfiles");
            await first.ShellAsync("mkdir mnt");
            await first.RunAsync("volume mount myfiles mnt");
            await first.ShellAsync(
                "cd mnt && mkdir -p a/b empty && head -c 5000000 /dev/urandom >a/big && echo small >a/b/small && ln -s ../big a/b/link && ln a/big a/b/hard && mkfifo a/pipe"
                + " && truncate -s 1000000 a/sparse && chmod 4750 a/b/small && chmod 700 a/b && python3 -c 'import os; os.setxattr(\"a/big\", \"user.note\", b\"text\")' && touch -h -d '2001-02-03 04:05:06.789' a/b/link a/b/small a/b empty && chmod 751 .");
            key = await first.RunAsync("snapshot create myfiles s");
            described = await first.ShellAsync(Describe);
            await first.RunAsync("sharing export default key");
            secret = await File.ReadAllBytesAsync(Path.Combine(first.Directory, "key"), Cancel);
            Assert.Equal(0, await first.StopServerAsync());
        }

        Directory.Delete(Path.Combine(Root, "first.data"), recursive: true);
        await using Node second = new(Root, "second");
        await second.RunAsync("create");
        await second.StartServerAsync();
        await second.RunAsync("sharing add mine", secret);
        string other = key[0] == '0' ? $"1{key[1..]}" : $"0{key[1..]}";
        await second.FailsAsync($"volume import -snapshot={key} -sharing=mine myfiles", $"no storage of the new volume has snapshot {key}", "-storage STORAGE");
        await second.FailsAsync($"volume import -snapshot={key} -storage={storage} myfiles", "under sharing key default", "the sharing key is another one");
        await second.FailsAsync($"volume import -snapshot={other} -sharing=mine -storage={storage} myfiles", $"has snapshot {other}");
        await second.FailsAsync($"volume import -snapshot=123 -sharing=mine -storage={storage} myfiles", "invalid snapshot key \"123\"", "64 hex digits");
        await second.FailsAsync($"volume import -snapshot={key} -sharing=none -storage={storage} myfiles", "none");
        Assert.Equal("", await second.RunAsync("volume list"));

        await second.RunAsync($"volume import -snapshot={key} -sharing=mine -storage={storage} myfiles");
        await second.ShellAsync("mkdir mnt");
        await second.RunAsync("volume mount myfiles mnt");
        Assert.Equal(described, await second.ShellAsync(Describe));
        await second.RunAsync("check -read-data myfiles");
        await second.FailsAsync($"volume import -snapshot={key} -sharing=mine -storage={storage} myfiles", "volume myfiles exists already");
        await second.ShellAsync("echo more >>mnt/a/big");
    }

    [Fact]
    public async Task A_damaged_or_missing_snapshot_is_told_and_the_others_go_on()
    {
        await using Node node = new(Root, "one");
        await node.RunAsync("create");
        await node.StartServerAsync();
        await node.RunAsync($"volume create -backend={Directory.CreateDirectory(Path.Combine(Root, "storage")).FullName} myfiles");
        await node.ShellAsync("mkdir mnt");
        await node.RunAsync("volume mount myfiles mnt");
        await node.RunAsync("snapshot create myfiles good");
        await node.ShellAsync("find ../storage/objects -type f | sort >objects && echo 1 >mnt/f");
        await node.RunAsync("snapshot create myfiles bad");
        await node.ShellAsync("echo 2 >mnt/f && find ../storage/objects -type f | sort | comm -13 objects - >new && test -s new");
        Assert.Equal(0, await node.StopServerAsync());
        await node.ShellAsync("for f in $(cat new); do head -c 8 /dev/urandom | dd of=$f bs=1 seek=$(($(stat -c %s $f) - 8)) conv=notrunc status=none; done");
        await node.StartServerAsync();
        await node.FailsAsync("snapshot diff myfiles bad", "is corrupt");
        await node.FailsAsync("snapshot restore myfiles bad f -to g", "is corrupt");
        Assert.Equal("? 0", string.Join(' ', (await node.RunAsync("snapshot list myfiles")).Split('\n').Skip(1).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4]).Order(StringComparer.Ordinal).Reverse()));
        await node.ShellAsync("test -z \"$(ls mnt/.snap/good)\" && ! ls mnt/.snap/bad");
        await node.RunAsync("snapshot create myfiles next");
        await node.RunAsync("snapshot remove myfiles bad");
        Assert.Equal("+ f", await node.RunAsync("snapshot diff myfiles good next"));

        Assert.Equal(0, await node.StopServerAsync());
        await node.ShellAsync("for f in $(cat objects); do rm $f; done");
        await node.StartServerAsync();
        await node.FailsAsync("snapshot diff myfiles good", "check");
    }

    [Fact]
    public async Task Bad_input_is_told_from_a_broken_program()
    {
        await using Node node = await StartAsync("one");
        await node.ShellAsync("echo 1 >mnt/f");
        await node.RunAsync("snapshot create myfiles s");
        await node.FailsAsync("snapshot create myfiles s", "volume myfiles has a snapshot s already", "snapshot list myfiles");
        await node.FailsAsync("snapshot create none s", "there is no volume none");
        await node.FailsAsync("snapshot create myfiles a/b", "invalid snapshot name \"a/b\": it contains a slash");
        await node.FailsAsync("snapshot create myfiles ..", "it is reserved");
        await node.FailsAsync(["snapshot", "create", "myfiles", new string('x', 256)], "256 bytes are too long");
        await node.FailsAsync("snapshot remove myfiles none", "volume myfiles has no snapshot none", "snapshot list myfiles");
        await node.FailsAsync("snapshot rename myfiles none other", "has no snapshot none");
        await node.FailsAsync("snapshot diff myfiles s none", "has no snapshot none");
        await node.FailsAsync("snapshot restore myfiles none f", "has no snapshot none");
        await node.FailsAsync("snapshot restore myfiles s g", "snapshot s of volume myfiles has no g");
        await node.FailsAsync("snapshot restore myfiles s f -to no/f", "volume myfiles has no directory for no/f");
        await node.FailsAsync("snapshot restore myfiles s f -to .snap/f", "not ordinary directories");
        await node.FailsAsync("snapshot restore myfiles s f -to x -in-place", "either in place or to another name");
        await node.FailsAsync("snapshot restore myfiles s", "a whole volume is restored to a new directory or in place");
        await node.FailsAsync("snapshot restore myfiles s a/../f -to x", "\"..\" is no file name");
        await node.RunAsync("snapshot create myfiles t");
        await node.FailsAsync("snapshot rename myfiles s t", "has a snapshot t already");
    }

    private async Task<Node> StartAsync(string name)
    {
        var node = new Node(Root, name);
        await node.RunAsync("create");
        await node.StartServerAsync();
        await node.RunAsync("volume create myfiles");
        await node.ShellAsync("mkdir mnt");
        await node.RunAsync("volume mount myfiles mnt");
        return node;
    }
}
