using System.Security.Cryptography;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>The steps of the walkthrough, on any two nodes.</summary>
internal static class Walkthrough
{
    /// <summary>Up to the point where both nodes have the volume <c>myfiles</c> mounted on <c>mnt</c>.</summary>
    /// <param name="whiteHost">Where black reaches white.</param>
    /// <returns>The sharing key.</returns>
    public static async Task<byte[]> ShareAsync(Node white, Node black, string whiteHost)
    {
        await white.RunAsync("create");
        await black.RunAsync("create");
        string blackKey = await black.RunAsync("debug pubkey");
        string whiteKey = await white.RunAsync("debug pubkey");
        Assert.Matches("^[0-9a-f]{64}$", blackKey);
        Assert.NotEqual(blackKey, whiteKey);
        await white.StartServerAsync();
        await black.StartServerAsync();
        Assert.Equal(whiteKey, await white.RunAsync("pubkey"));
        await white.RunAsync("server ping");

        byte[] secret = RandomNumberGenerator.GetBytes(32);
        await white.RunAsync("sharing add friends", secret);
        await white.RunAsync("volume create -sharing=friends myfiles");
        await white.ShellAsync("mkdir mnt");
        await white.RunAsync("volume mount myfiles mnt");
        await white.RunAsync($"peer add {blackKey}");
        await white.RunAsync($"peer storage allow {blackKey} local");
        await white.RunAsync($"peer volume allow {blackKey} myfiles");

        await black.RunAsync($"peer add {whiteKey}");
        await black.RunAsync($"peer location set {whiteKey} {whiteHost}:{white.ServerPort}");
        await black.RunAsync("sharing add friends", secret);
        await black.RunAsync($"volume connect -sharing=friends {whiteKey} myfiles");
        await black.RunAsync($"volume storage add -sharing=friends myfiles peerkey:{whiteKey}");
        await black.ShellAsync("mkdir mnt");
        await black.RunAsync("volume mount myfiles mnt");

        // From here on by nickname.
        await black.RunAsync($"peer name {whiteKey} white");
        await white.RunAsync($"peer name {blackKey} black");
        return secret;
    }

    /// <summary>Changes on white appear on black.</summary>
    public static async Task ChangeAsync(Node white, Node black)
    {
        await white.ShellAsync("echo hello, world >mnt/greeting");
        await black.RunAsync("volume sync myfiles white");
        Assert.Equal("greeting", await black.ShellAsync("ls mnt"));
        Assert.Equal("hello, world", await black.ShellAsync("cat mnt/greeting"));
        await white.ShellAsync("echo hello, again >mnt/greeting");
        await black.RunAsync("volume sync myfiles white");
        Assert.Equal("hello, again", await black.ShellAsync("cat mnt/greeting"));

        await white.ShellAsync("mkdir -p mnt/a/b && echo deep >mnt/a/b/file && ln -s b/file mnt/a/link && ln mnt/a/b/file mnt/a/hard && chmod 640 mnt/a/b/file && touch -d @1000000000 mnt/a/b/file");
        await white.ShellAsync("head -c 3000000 /dev/urandom >mnt/a/big");
        await black.RunAsync("volume sync myfiles white");
        Assert.Equal("deep", await black.ShellAsync("cat mnt/a/link"));
        Assert.Equal("640 1000000000 2", await black.ShellAsync("stat -c '%a %Y %h' mnt/a/b/file"));
        Assert.Equal(await white.ShellAsync("sha256sum <mnt/a/big"), await black.ShellAsync("sha256sum <mnt/a/big"));

        await white.ShellAsync("rm mnt/a/big && mv mnt/a mnt/c");
        await black.RunAsync("volume sync myfiles white");
        Assert.Equal("mnt/c\nmnt/c/b\nmnt/c/b/file\nmnt/c/hard\nmnt/c/link\nmnt/greeting", await black.ShellAsync("find mnt -mindepth 1 | LC_ALL=C sort"));
    }
}
