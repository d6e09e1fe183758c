using System.Globalization;
using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

public sealed class CompressionTests : EndToEndTest
{
    [Fact]
    public async Task Setting_counts_for_what_is_written_next_in_a_mounted_volume_and_an_open_file()
    {
        await MountAsync(White);
        Assert.InRange(await GrowthAsync("seq 1000000 1500000 >mnt/compressed"), 1, 3_000_000);

        // The file stays open while the setting changes.
        Task<string> writer = White.ShellAsync("exec 9>mnt/open; touch opened; until [ -e go ]; do sleep 0.1; done; seq 3000000 3500000 >&9");
        await White.ShellAsync("until [ -e opened ]; do sleep 0.1; done");
        Assert.Matches("compression: +off\n", await SetAsync("off"));
        Assert.InRange(await GrowthAsync("seq 2000000 2500000 >mnt/plain"), 4_000_000, 6_000_000);
        Assert.InRange(await GrowthAsync("touch go", writer), 4_000_000, 6_000_000);

        Assert.Matches("compression: +on\n", await SetAsync("on"));
        Assert.InRange(await GrowthAsync("seq 4000000 4500000 >mnt/again"), 1, 3_000_000);

        Assert.Equal("1500000\n2500000\n3500000\n4500000", await White.ShellAsync("tail -qn1 mnt/compressed mnt/plain mnt/open mnt/again"));
    }

    private async Task<string> SetAsync(string value)
    {
        await White.RunAsync($"volume set myfiles compression={value}");
        return await White.RunAsync("volume show myfiles");
    }

    /// <summary>Bytes of objects that a command adds, about four million before compression.</summary>
    private async Task<long> GrowthAsync(string command, Task? writer = null)
    {
        long before = await StoredAsync();
        await White.ShellAsync(command);
        if (writer is not null) await writer;
        return await StoredAsync() - before;
    }

    private async Task<long> StoredAsync()
    {
        using JsonDocument report = JsonDocument.Parse(await White.RunAsync("gc --dry-run --json"));
        return long.Parse(report.RootElement.GetProperty("found").GetProperty("bytes").GetRawText(), CultureInfo.InvariantCulture);
    }
}
