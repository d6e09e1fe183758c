using System.Security.Cryptography;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>The steps of the walkthrough, on any two nodes.</summary>
internal static class Walkthrough
{
    /// <summary>Up to the point where both nodes have the volume <c>myfiles</c> mounted on <c>mnt</c>.</summary>
    /// <param name="whiteHost">Where black reaches white.</param>
    /// <param name="isByProgram">Whether the program is started for each step, as a person does it; otherwise this process does them, which takes a fraction of the time.</param>
    /// <returns>The sharing key.</returns>
    public static async Task<byte[]> ShareAsync(Node white, Node black, string whiteHost, bool isByProgram = false)
    {
        await RunAsync(white, "create");
        await RunAsync(black, "create");
        string blackKey = await RunAsync(black, "debug pubkey");
        string whiteKey = await RunAsync(white, "debug pubkey");
        Assert.Matches("^[0-9a-f]{64}$", blackKey);
        Assert.NotEqual(blackKey, whiteKey);
        await white.StartServerAsync();
        await black.StartServerAsync();
        Assert.Equal(whiteKey, await RunAsync(white, "pubkey"));
        await RunAsync(white, "server ping");

        byte[] secret = RandomNumberGenerator.GetBytes(32);
        await RunAsync(white, "sharing add friends", secret);
        await RunAsync(white, "volume create -sharing=friends myfiles");
        Directory.CreateDirectory(white.Mount);
        await RunAsync(white, "volume mount myfiles mnt");
        await RunAsync(white, $"peer add {blackKey}");
        await RunAsync(white, $"peer storage allow {blackKey} local");
        await RunAsync(white, $"peer volume allow {blackKey} myfiles");

        await RunAsync(black, $"peer add {whiteKey}");
        await RunAsync(black, $"peer location set {whiteKey} {whiteHost}:{white.ServerPort}");
        await RunAsync(black, "sharing add friends", secret);
        await black.CallAsync($"volume connect -sharing=friends {whiteKey} myfiles");
        await RunAsync(black, $"volume storage add -sharing=friends myfiles peerkey:{whiteKey}");
        Directory.CreateDirectory(black.Mount);
        await RunAsync(black, "volume mount myfiles mnt");

        // From here on by nickname.
        await RunAsync(black, $"peer name {whiteKey} white");
        await RunAsync(white, $"peer name {blackKey} black");
        return secret;

        Task<string> RunAsync(Node node, string commandLine, byte[]? input = null) => isByProgram ? node.RunAsync(commandLine, input) : node.PrepareAsync(commandLine, input);
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
