using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>
/// Plays every row of the table "Merge cases" of docs/sync.md: two machines begin with <c>f</c>, an empty directory <c>d</c>, and
/// <c>e/x</c>; each does its side of the row, in both orders, and they meet directly or through a third machine.
/// </summary>
public sealed class MergeTableTests
{
    private static readonly string[] Start = ["d/", "e/", "e/x=old", "f=old"];

    public static TheoryData<string, string, string> Rows()
    {
        var rows = new TheoryData<string, string, string>();
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Model", "sync.md")).SkipWhile(line => line != "## Merge cases").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)))
        {
            string[] cells = [.. line.Split('|').Select(cell => cell.Trim())];
            if (cells.Length > 4 && cells[1].StartsWith('`')) rows.Add(cells[1].Trim('`'), cells[2].Trim('`'), cells[3]);
        }

        return rows;
    }

    [Fact]
    public void Table_has_all_its_rows() => Assert.True(Rows().Count >= 30);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Both_sides_come_to_what_the_table_says(string left, string right, string outcome)
    {
        List<string> allowed = [.. outcome.Split(" or ").Select(result => string.Join(' ', Expected(result.Trim().Trim('`'))))];
        foreach (bool isLeftFirst in (bool[])[true, false])
        {
            foreach (bool isThroughThird in (bool[])[false, true])
            {
                await using World world = await World.CreateAsync(3);
                (Replica a, Replica b, Replica c) = world;
                foreach (string command in (string[])["write f old", "mkdir d", "mkdir e", "write e/x old"]) await DoAsync(a, command);
                await world.SpreadAsync();
                if (isLeftFirst) await DoAsync(a, left);
                await DoAsync(b, right);
                if (!isLeftFirst) await DoAsync(a, left);
                List<Replica> pulls = isThroughThird ? [c, a, a, c, c, b, b, c, c, b, a, c] : [a, b, b, a];
                for (int index = 0; index < pulls.Count; index += 2) await pulls[index].PullAsync(pulls[index + 1]);
                await world.SettleAsync($"{left} / {right}");
                foreach (Replica replica in world.Replicas)
                {
                    string shown = string.Join(' ', await DescribeAsync(replica, outcome));
                    Assert.True(allowed.Contains(shown), $"{left} / {right}, left first {isLeftFirst}, through a third {isThroughThird}: {replica.Name} shows\n  {shown}\nallowed\n  {string.Join("\n  ", allowed)}");
                }
            }
        }
    }

    /// <summary>What is there at the start, changed by the entries of an outcome.</summary>
    private static SortedSet<string> Expected(string outcome)
    {
        var entries = new SortedSet<string>(Start, StringComparer.Ordinal);
        foreach (string entry in outcome.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = entry.TrimStart('-').Split('=', '+')[0].TrimEnd('/');
            entries.RemoveWhere(other => other.Split('=', '+')[0].TrimEnd('/') == name || (entry[0] == '-' && other.StartsWith(name + "/", StringComparison.Ordinal)));
            if (entry[0] != '-') entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Path and kind of all that is shown; contents with those of alternates, permissions and the attribute when the row names them.</summary>
    private static async Task<SortedSet<string>> DescribeAsync(Replica replica, string outcome)
    {
        var entries = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string path in replica.Tree().Keys.Select(path => path[1..]))
        {
            FuseAttributes attributes = replica.Stat(path);
            bool isDirectory = (attributes.Mode & 0xF000) == 0x4000;
            List<string> contents = [.. replica.Alternates(path)];
            if (!isDirectory) contents.Add(await replica.ReadAsync(path));
            contents.Sort(StringComparer.Ordinal);
            string mode = outcome.Contains('@') && path == "f" ? $"@{Convert.ToString(attributes.Mode & 0xFFF, 8)}" : "";
            string extended = outcome.Contains('#') && path == "f" && replica.Volume.GetXattr(replica.Find(path), "user.k"u8) is { HasValue: true } value ? $"#{System.Text.Encoding.UTF8.GetString(value.Value.Span)}" : "";
            string text = string.Join('+', contents);
            entries.Add($"{path}{(isDirectory ? "/" : "=")}{(isDirectory && text.Length > 0 ? "+" : "")}{text}{mode}{extended}");
        }

        return entries;
    }

    private static async Task DoAsync(Replica replica, string commands)
    {
        foreach (string command in commands.Split(';', StringSplitOptions.TrimEntries))
        {
            string[] words = command.Split(' ');
            Errno error = words[0] switch
            {
                "write" => await WriteAsync(replica, words[1], words[2]),
                "rm" => replica.Unlink(words[1]),
                "mkdir" => Made(replica.MakeDirectory(words[1])),
                "rmdir" => replica.RemoveDirectory(words[1]),
                "mv" => replica.Rename(words[1], words[2]),
                "ln" => replica.Link(words[1], words[2]),
                "chmod" => replica.Chmod(words[1], Convert.ToUInt32(words[2], 8)),
                "touch" => replica.Volume.SetAttributes(replica.Find(words[1]), new AttributeChanges { Fields = AttributeField.ModificationTime, ModificationTime = new UnixTime(1, 0) }).Error,
                "setfattr" => replica.Volume.SetXattr(replica.Find(words[1]), "user.k"u8, System.Text.Encoding.UTF8.GetBytes(words[2]), XattrFlags.None),
                _ => throw new ArgumentException(command),
            };
            Assert.Equal(Errno.OK, error);
        }
    }

    private static Errno Made(InodeId inode) => inode == default ? Errno.EIO : Errno.OK;

    private static async Task<Errno> WriteAsync(Replica replica, string path, string text)
    {
        await replica.WriteAsync(path, text);
        return Errno.OK;
    }
}
