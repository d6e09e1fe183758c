using System.Globalization;
using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>How much lies where: <c>bazil du</c>, the attributes of directories, <c>df</c>, and what the server has in memory.</summary>
public sealed class AccountingTests : EndToEndTest
{
    [Fact]
    public async Task Du_tells_what_lies_below_directories_at_once()
    {
        await PrepareAsync();
        await White.ShellAsync("mkdir -p mnt/a/b mnt/c; head -c 100000 /dev/zero >mnt/a/b/f; printf 12345 >mnt/c/g; ln -s to mnt/c/s");
        using JsonDocument reply = JsonDocument.Parse(await White.RunAsync("du -json -depth=1 mnt"));
        var entries = reply.RootElement.GetProperty("entries").EnumerateArray().ToDictionary(
            static entry => entry.GetProperty("path").GetString()!, static entry => (entry.GetProperty("bytes").GetInt64(), entry.GetProperty("files").GetInt32(), entry.GetProperty("directories").GetInt32(), entry.GetProperty("exact").GetBoolean()));
        Assert.Equal([$"{White.Mount}/a", $"{White.Mount}/c", White.Mount], entries.Keys);
        Assert.Equal((100000, 1, 1, true), entries[$"{White.Mount}/a"]);
        Assert.Equal((7, 2, 0, true), entries[$"{White.Mount}/c"]);
        Assert.Equal((100007, 3, 3, true), entries[White.Mount]);

        Assert.Matches(@"97\.7 KiB +3 +3 .*mnt", await White.RunAsync("du mnt"));
        Assert.Equal("100007 3 3", await White.ShellAsync("for n in rbytes rfiles rsubdirs; do python3 -c 'import os,sys; print(os.getxattr(\"mnt\", \"user.bazil.\" + sys.argv[1]).decode())' $n; done | paste -sd' '"));
        Assert.Matches("5 B +1 +0 .*mnt/c/g", await White.RunAsync("du mnt/c/g"));
    }

    [Fact]
    public async Task Du_of_what_is_no_part_of_a_volume_says_so()
    {
        await PrepareAsync();
        await White.FailsAsync("du /etc", "/etc is not in a mounted volume", "volume list");
        await White.FailsAsync("du mnt/nothing", "there is no");
        await White.FailsAsync("du mnt/.snap", "whose size is not known");
    }

    [Fact]
    public async Task Numbers_are_there_again_after_the_server_was_killed()
    {
        await PrepareAsync();
        await White.ShellAsync("mkdir -p mnt/a/b/c; for i in 1 2 3 4 5 6 7 8 9; do printf 1234567 >mnt/a/b/c/$i; done");
        await White.KillServerAsync();
        await White.StartServerAsync();
        Assert.Matches(@"63 B +9 +3 .*mnt", await White.RunAsync("du mnt"));
        Assert.DoesNotContain("were wrong", await White.RunAsync("check"));
    }

    [Fact]
    public async Task Df_shows_the_disk_below()
    {
        await PrepareAsync();
        string code = "import os; a = os.statvfs('mnt'); b = os.statvfs('../white.data'); print(a.f_blocks * a.f_frsize, b.f_blocks * b.f_frsize, a.f_bavail * a.f_frsize, b.f_bavail * b.f_frsize, a.f_files - a.f_ffree, a.f_namemax)";
        await White.ShellAsync("mkdir mnt/d; touch mnt/d/1 mnt/d/2");
        await White.RunAsync("du mnt"); // takes in what waits
        long[] numbers = [.. (await White.ShellAsync($"cd {White.Directory} && python3 -c \"{code.Replace("../white.data", White.DataDirectory, StringComparison.Ordinal)}\"")).Split(' ').Select(static text => long.Parse(text, CultureInfo.InvariantCulture))];
        Assert.Equal(numbers[1], numbers[0]);
        long floor = Math.Min(256L << 20, numbers[1] / 100);
        Assert.InRange(numbers[2], Math.Max(0, numbers[3] - floor - (256 << 20)), Math.Max(0, numbers[3] - floor) + (256 << 20));
        Assert.Equal(4, numbers[4]);
        Assert.Equal(255, numbers[5]);
    }

    [Fact]
    public async Task Status_shows_every_cache_with_its_bound()
    {
        await PrepareAsync();
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/f; cat mnt/f >/dev/null");
        using JsonDocument reply = JsonDocument.Parse(await White.RunAsync("status -memory -json"));
        JsonElement root = reply.RootElement;
        Assert.InRange(root.GetProperty("residentBytes").GetInt64(), 20L << 20, 2L << 30);
        var parts = root.GetProperty("parts").EnumerateArray().ToList();
        foreach (JsonElement part in parts)
        {
            bool isBounded = part.GetProperty("limitBytes").ValueKind == JsonValueKind.Number || part.GetProperty("bound").GetString() is { Length: > 0 };
            Assert.True(isBounded, part.ToString());
            if (part.GetProperty("limitBytes").ValueKind == JsonValueKind.Number) Assert.InRange(part.GetProperty("usedBytes").GetInt64(), 0, part.GetProperty("limitBytes").GetInt64());
        }

        HashSet<string> names = [.. parts.Select(static part => part.GetProperty("name").GetString()!)];
        Assert.Superset(new HashSet<string> { "metadata block cache", "metadata write buffers", "chunk cache", "dirty data", "records", "open files" }, names);
        Assert.Contains("resident:", await White.RunAsync("status -memory"));
    }

    private async Task PrepareAsync()
    {
        await White.RunAsync("create");
        await White.StartServerAsync();
        await White.RunAsync("volume create myfiles");
        await White.ShellAsync("mkdir mnt");
        await White.RunAsync("volume mount myfiles mnt");
    }
}
