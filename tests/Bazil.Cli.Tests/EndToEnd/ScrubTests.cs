using System.Net;
using System.Text.Json;
using Bazil.Server.Checking;
using Bazil.Server.DataDirectories;
using Bazil.Server.Hosting;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>The scrub in the background, with a server in this process that does not wait for its time.</summary>
public sealed class ScrubTests : EndToEndTest
{
    [Fact]
    public async Task Damage_is_found_in_the_background_and_shown_by_status()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.ShellAsync("mkdir mnt disk");
        await White.RunAsync($"volume create -backend={White.Directory}/disk myfiles");
        await White.RunAsync("volume mount myfiles mnt");
        await White.ShellAsync("head -c 300000 /dev/urandom >mnt/big; sync -f mnt");
        await White.RunAsync("volume unmount myfiles");
        Assert.DoesNotContain("check:", await White.RunAsync("status"));
        Assert.Equal(0, await White.StopServerAsync());

        CheckRecord clean = await ScrubAsync();
        Assert.Equal((0, true), (clean.LostPaths, clean.Read > 0));
        await White.ShellAsync("find disk/objects -type f -size +20k | head -1 | xargs -I% sh -c 'printf X | dd of=% bs=1 seek=5000 conv=notrunc status=none'");
        CheckRecord damaged = await ScrubAsync();
        Assert.True(damaged.LostPaths == 1, damaged.ToString());
        Assert.Contains("among them /big", damaged.Warnings);
    }

    /// <summary>Runs a server until a scrub is finished, and returns what status says then.</summary>
    private async Task<CheckRecord> ScrubAsync()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var messages = new StringWriter();
        Task server = Daemon.RunAsync(
            new DaemonOptions
            {
                DataDirectory = new DataDirectory(White.DataDirectory),
                Endpoint = new IPEndPoint(IPAddress.IPv6Loopback, 0),
                Messages = TextWriter.Synchronized(messages),
                Scrub = new ScrubOptions { Delay = TimeSpan.Zero, Interval = TimeSpan.FromTicks(1), Pause = TimeSpan.FromMilliseconds(100), BytesPerSecondMax = 0 },
            },
            stop.Token);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        string? before = null;
        try
        {
            while (await timer.WaitForNextTickAsync(Cancel))
            {
                Assert.False(server.IsCompleted, messages.ToString());
                Assert.True(deadline.Elapsed < ChildProcess.Limit, messages.ToString());
                ChildProcess.Result status = await White.TryAsync("status --json");
                if (status.Code != 0) continue; // not listening yet
                using JsonDocument reply = JsonDocument.Parse(status.Output);
                JsonElement checks = reply.RootElement.GetProperty("checks");
                if (checks.GetArrayLength() == 0 || checks[0].GetProperty("finishedAt").GetString() is not { } finished) continue;
                if ((before ??= finished) == finished) continue; // of another run, perhaps: wait for the next
                return new CheckRecord(
                    checks[0].GetProperty("lostPaths").GetInt64(), checks[0].GetProperty("read").GetInt64(), reply.RootElement.GetProperty("warnings").ToString());
            }
        }
        finally
        {
            await stop.CancelAsync();
            await server;
        }

        throw new InvalidOperationException("the timer ended");
    }

    private readonly record struct CheckRecord(long LostPaths, long Read, string Warnings);
}
