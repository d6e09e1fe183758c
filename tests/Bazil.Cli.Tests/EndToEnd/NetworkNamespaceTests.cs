namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>The two nodes as two machines of a network: namespaces with addresses of their own, joined by a cable. Needs root.</summary>
public sealed class NetworkNamespaceTests : IAsyncLifetime
{
    private readonly Bazil.Testing.TempDirectory _root = new("bazil-e2e-");
    private readonly string _suffix = Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private string WhiteNamespace => $"bazil-w{_suffix}";

    private string BlackNamespace => $"bazil-b{_suffix}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Assert.SkipUnless(File.Exists("/dev/fuse"), "there is no /dev/fuse here");
        await ShellAsync($"""
            ip netns add {WhiteNamespace}
            ip netns add {BlackNamespace}
            ip link add bw{_suffix} netns {WhiteNamespace} type veth peer name bb{_suffix} netns {BlackNamespace}
            ip -n {WhiteNamespace} addr add 192.0.2.42/24 dev bw{_suffix}
            ip -n {BlackNamespace} addr add 192.0.2.43/24 dev bb{_suffix}
            ip -n {WhiteNamespace} link set bw{_suffix} up
            ip -n {BlackNamespace} link set bb{_suffix} up
            ip -n {WhiteNamespace} link set lo up
            ip -n {BlackNamespace} link set lo up
            """);
    }

    public async ValueTask DisposeAsync()
    {
        if (Environment.IsPrivilegedProcess)
        {
            await ChildProcess.ShellAsync($"ip netns del {WhiteNamespace} || true; ip netns del {BlackNamespace} || true", "/", CancellationToken.None);
        }

        _root.Dispose();
    }

    [Fact]
    public async Task Two_machines_share_a_volume()
    {
        await using var white = new Node(_root.Path, "white", WhiteNamespace);
        await using var black = new Node(_root.Path, "black", BlackNamespace);

        await Walkthrough.ShareAsync(white, black, "192.0.2.42", isByProgram: true);
        await Walkthrough.ChangeAsync(white, black);
    }

    [Fact]
    public async Task Cut_cable_is_an_error_within_seconds_and_mended_by_plugging_it_in()
    {
        await using var white = new Node(_root.Path, "white", WhiteNamespace);
        await using var black = new Node(_root.Path, "black", BlackNamespace);
        await Walkthrough.ShareAsync(white, black, "192.0.2.42");
        await white.ShellAsync("echo hello >mnt/greeting");

        await ShellAsync($"ip -n {WhiteNamespace} link set bw{_suffix} down");
        await black.FailsAsync("volume sync myfiles white", "192.0.2.42", "cannot be reached");
        await ShellAsync($"ip -n {WhiteNamespace} link set bw{_suffix} up");

        await black.RunAsync("volume sync myfiles white");
        Assert.Equal("hello", await black.ShellAsync("cat mnt/greeting"));
    }

    private static async Task ShellAsync(string command)
    {
        ChildProcess.Result result = await ChildProcess.ShellAsync(command, "/", Cancel);
        Assert.True(result.Code == 0, ChildProcess.Describe(result));
    }
}
