using Bazil.Testing;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Two nodes on this machine, cleaned up whatever happens. Tests that mount need /dev/fuse.</summary>
public abstract class EndToEndTest : IAsyncLifetime
{
    private readonly TempDirectory _root = new("bazil-e2e-");

    /// <param name="isAutomatic">Whether the nodes synchronise by themselves.</param>
    protected EndToEndTest(bool isAutomatic = false)
    {
        White = new Node(_root.Path, "white") { IsAutomatic = isAutomatic };
        Black = new Node(_root.Path, "black") { IsAutomatic = isAutomatic };
    }

    private protected Node White { get; }

    private protected Node Black { get; }

    private protected string Root => _root.Path;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public virtual ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists("/dev/fuse"), "there is no /dev/fuse here");
        return ValueTask.CompletedTask;
    }

    public virtual async ValueTask DisposeAsync()
    {
        await White.DisposeAsync();
        await Black.DisposeAsync();
        _root.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One node with a volume mounted on <c>mnt</c>.</summary>
    private protected static async Task MountAsync(Node node, string volume = "myfiles")
    {
        await node.PrepareAsync("create");
        await node.StartServerAsync();
        await node.PrepareAsync($"volume create {volume}");
        Directory.CreateDirectory(node.Mount);
        await node.PrepareAsync($"volume mount {volume} mnt");
    }
}
