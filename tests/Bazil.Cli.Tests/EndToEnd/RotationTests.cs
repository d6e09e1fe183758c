using System.Security.Cryptography;
using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Rotation of a volume's sharing key between two real nodes.</summary>
public sealed class RotationTests : EndToEndTest
{
    [Fact]
    public async Task Rotated_volume_goes_on_when_the_peer_has_the_key_and_the_old_key_goes()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/old && echo before >mnt/note");
        await Black.RunAsync("volume sync myfiles white");
        string old = await Black.ShellAsync("sha256sum <mnt/old");

        await White.RunAsync("sharing add friends2", RandomNumberGenerator.GetBytes(32));
        await White.RunAsync("volume rotate -sharing=friends2 myfiles");
        await White.FailsAsync("volume rotate -sharing=friends2 myfiles", "already");
        await White.FailsAsync("sharing remove friends", "friends cannot be removed", "has not retired");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/new && echo after >mnt/note");

        // Without the new key black waits, and both sides say so by name.
        string key = await FingerprintAsync(White, "friends2");
        await Black.FailsAsync("volume sync myfiles white", "was rotated", key, "sharing export");
        Assert.Equal("before", await Black.ShellAsync("cat mnt/note"));
        Assert.Contains($"peer white uses sharing key {key}", await Black.RunAsync("status"));
        Assert.Contains($"peer black has not got sharing key {key}", await White.RunAsync("volume show myfiles"));
        Assert.Contains("waits for the new key", await White.RunAsync("volume show myfiles"));
        await White.FailsAsync("volume sync myfiles black", "has not got sharing key", key);

        // The key travels as a file; black goes on without a restart.
        await White.RunAsync("sharing export friends2 key");
        Assert.Equal("600 32", await White.ShellAsync("stat -c '%a %s' key"));
        await Black.RunAsync("sharing add another-name", await File.ReadAllBytesAsync(Path.Combine(White.Directory, "key"), Cancel));
        await Black.RunAsync("volume sync myfiles white");
        Assert.DoesNotContain("warning", await Black.RunAsync("status"));
        Assert.Equal("after", await Black.ShellAsync("cat mnt/note"));
        Assert.Equal(old, await Black.ShellAsync("sha256sum <mnt/old"));
        Assert.Equal(await White.ShellAsync("sha256sum <mnt/new"), await Black.ShellAsync("sha256sum <mnt/new"));

        await RetireAsync();
        Assert.Equal("friends2", (await ShowAsync(White)).GetProperty("sharingKey").GetString());
        Assert.Equal("another-name", (await ShowAsync(Black)).GetProperty("sharingKey").GetString());
        await White.RunAsync("sharing remove friends");
        await Black.RunAsync("sharing remove friends");
        await Black.FailsAsync("sharing remove another-name", "cannot be removed");

        // Everything is read with the new key alone, from a fresh start too.
        Assert.Equal(0, await Black.StopServerAsync());
        await Black.StartServerAsync();
        Assert.Equal(old, await Black.ShellAsync("sha256sum <mnt/old"));
        Assert.Equal(old, await White.ShellAsync("sha256sum <mnt/old"));
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await Black.ShellAsync("echo still here >mnt/note");
        await White.RunAsync("volume sync myfiles black");
        Assert.Equal("still here", await White.ShellAsync("cat mnt/note"));
    }

    [Fact]
    public async Task Revoked_peer_with_the_old_key_gets_nothing_new_even_where_it_is_still_allowed()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("echo ours >mnt/shared");
        await Black.RunAsync("volume sync myfiles white");

        await White.RunAsync("peer volume deny black myfiles");
        await White.RunAsync("sharing add secret", RandomNumberGenerator.GetBytes(32));
        await White.RunAsync("volume rotate -sharing=secret myfiles");
        await White.ShellAsync("echo mine >mnt/private && head -c 100000 /dev/urandom >mnt/large");
        await Black.FailsAsync("volume sync myfiles white", "refused");

        // Nobody else holds the rotation up; and the permission alone gives nothing back.
        await WaitAsync(async () => EpochCount(await ShowAsync(White)) == 1);
        await White.RunAsync("peer volume allow black myfiles");
        await Black.FailsAsync("volume sync myfiles white", "was rotated");
        Assert.Equal("shared", await Black.ShellAsync("ls mnt"));
        await White.RunAsync("sharing remove friends");
    }

    [Fact]
    public async Task Second_machine_joins_a_volume_under_the_exported_default_key()
    {
        await MountAsync(White);
        await White.ShellAsync("echo hello >mnt/greeting");
        ChildProcess.Result exported = await White.TryAsync("sharing export default key");
        Assert.Equal(0, exported.Code);
        Assert.Contains("myfiles", exported.Error);
        await White.FailsAsync("sharing export default key", "cannot make");
        await White.FailsAsync("sharing export nonesuch other", "no sharing key nonesuch");

        await Black.RunAsync("create");
        await Black.StartServerAsync();
        string whiteKey = await White.RunAsync("pubkey"), blackKey = await Black.RunAsync("pubkey");
        await White.RunAsync($"peer add {blackKey} black");
        await White.RunAsync("peer volume allow black myfiles");
        await Black.RunAsync($"peer add {whiteKey} white");
        await Black.RunAsync($"peer location set white 127.0.0.1:{White.ServerPort}");
        await Black.FailsAsync("volume connect white myfiles", "wrong sharing key");
        await Black.RunAsync("sharing add from-white", await File.ReadAllBytesAsync(Path.Combine(White.Directory, "key"), Cancel));
        Assert.Equal(await FingerprintAsync(White, "default"), await FingerprintAsync(Black, "from-white"));
        await Black.RunAsync("volume connect -sharing=from-white white myfiles");
        await Black.RunAsync("volume sync myfiles white");
        await Black.ShellAsync("mkdir mnt");
        await Black.RunAsync("volume mount myfiles mnt");
        Assert.Equal("hello", await Black.ShellAsync("cat mnt/greeting"));
    }

    /// <summary>Both sync until the old epoch has retired on both.</summary>
    private Task RetireAsync() => WaitAsync(async () =>
    {
        await Black.RunAsync("volume sync myfiles white");
        await White.RunAsync("volume sync myfiles black");
        return EpochCount(await ShowAsync(White)) == 1 && EpochCount(await ShowAsync(Black)) == 1;
    });

    /// <summary>Asks again and again, for the work is done in the background.</summary>
    private static async Task WaitAsync(Func<Task<bool>> isDone)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (int attempt = 0; !await isDone(); attempt++)
        {
            Assert.True(attempt < 300, "the old epoch does not retire");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    private static async Task<JsonElement> ShowAsync(Node node)
    {
        using JsonDocument shown = JsonDocument.Parse(await node.RunAsync("volume show --json myfiles"));
        return shown.RootElement.Clone();
    }

    private static int EpochCount(JsonElement volume) => volume.GetProperty("keys").GetProperty("epochs").GetArrayLength();

    private static async Task<string> FingerprintAsync(Node node, string name)
    {
        using JsonDocument listed = JsonDocument.Parse(await node.RunAsync("sharing list --json"));
        return listed.RootElement.GetProperty("keys").EnumerateArray().Single(k => k.GetProperty("name").GetString() == name).GetProperty("fingerprint").GetString()!;
    }
}
