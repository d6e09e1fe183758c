using Bazil.Testing;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Who takes part in a volume, between two real nodes.</summary>
public sealed class MemberTests : EndToEndTest
{
    [Fact]
    public async Task Removed_member_is_refused_until_it_is_added_again()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        string members = await White.RunAsync("volume member list myfiles");
        Assert.Contains("black", members);
        Assert.Contains("this node", members);

        ChildProcess.Result removed = await White.TryAsync("volume member remove myfiles black");
        Assert.Equal(0, removed.Code);
        Assert.Contains("volume rotate", removed.Error);
        Assert.DoesNotContain("black", await White.RunAsync("volume member list myfiles"));
        await White.FailsAsync("volume member remove myfiles black", "is not a member");
        await White.FailsAsync($"volume member remove myfiles {await White.RunAsync("pubkey")}", "cannot remove itself");
        await Black.FailsAsync("volume sync myfiles white", "refused");

        await White.RunAsync("peer volume allow black myfiles");
        await White.ShellAsync("echo again >mnt/note");
        await Black.RunAsync("volume sync myfiles white");
        Assert.Equal("again", await Black.ShellAsync("cat mnt/note"));
    }
}
