using System.Diagnostics;
using Bazil.Fuse.Session;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Session;

public sealed class GoneRequestersTests
{
    [Fact]
    public async Task Thread_is_gone_when_it_has_died_and_only_then()
    {
        using var child = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, UseShellExecute = false })!;
        uint threadId = (uint)child.Id;
        Assert.True(UnixThread.Exists(threadId));
        Assert.False(GoneRequesters.IsGone(threadId));
        child.StandardInput.Close();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.False(UnixThread.Exists(threadId));
        Assert.True(GoneRequesters.IsGone(threadId));
    }
}
