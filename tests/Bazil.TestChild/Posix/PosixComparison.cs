using System.Diagnostics;
using System.Text;

namespace Bazil.TestChild.Posix;

/// <summary>
/// Makes the same random calls in two directories, compares after each what it gave and what it left, and every so often
/// both trees as a whole. Ends at the first difference, with the calls that led to it.
/// </summary>
internal static class PosixComparison
{
    private const int TreeInterval = 250;
    private const int HistoryCount = 30;
    private const uint TestUmask = 0x12; // 022

    public static int Run(int seed, int steps, string mount, string ordinary)
    {
        // Symlinks to the parent stay within what both have alike.
        mount = Directory.CreateDirectory(Path.Combine(mount, "tree")).FullName;
        ordinary = Directory.CreateDirectory(Path.Combine(ordinary, "tree")).FullName;

        // None but the first group of each: FUSE does not tell the others, which setgid without group execution depends on.
        Libc.SetGroups(0, []);
        _ = Libc.SetUmask(TestUmask);
        var one = new Side(mount);
        var other = new Side(ordinary);
        foreach (Side side in (Side[])[one, other]) Libc.ChangeMode(side.At(""), 0x3FF);
        var workload = new Workload(new Random(seed));
        var history = new Queue<string>();
        var counts = new Dictionary<string, int>();
        long started = Stopwatch.GetTimestamp();
        for (int step = 0; step < steps; step++)
        {
            uint user = workload.NextUser();
            Call call = workload.Next();
            history.Enqueue($"{step} as {user}: {call.Text}");
            if (history.Count > HistoryCount) history.Dequeue();
            Outcome first = Make(one, call, user), second = Make(other, call, user);
            workload.Forget(number => one.Open.ContainsKey(number) && other.Open.ContainsKey(number));
            string kind = $"{call.Text.Split(' ')[0]} {first.Error}";
            counts[kind] = counts.GetValueOrDefault(kind) + 1;
            string? difference = first != second ? $"the mount gave {first}, the ordinary directory {second}" : FindDifference(one, other, call);
            if (difference is null && step % TreeInterval == TreeInterval - 1) difference = CompareTrees(one, other);
            if (difference is not null) return Fail(seed, history, difference);
        }

        foreach (int descriptor in one.Open.Values.Concat(other.Open.Values)) Libc.Close(descriptor);
        if (CompareTrees(one, other) is { } last) return Fail(seed, history, last);
        Console.WriteLine($"{steps} calls, {counts.Count} kinds of outcome, {steps / Stopwatch.GetElapsedTime(started).TotalSeconds:F0} calls/s");
        if (Environment.GetEnvironmentVariable("BAZIL_VERBOSE") is not null) Console.WriteLine(string.Join('\n', counts.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Value,7} {entry.Key}")));
        return 0;
    }

    private static Outcome Make(Side side, Call call, uint user)
    {
        if (user == 0) return call.Make(side);
        _ = Libc.SetFileGroup(user);
        _ = Libc.SetFileUser(user);
        try
        {
            return call.Make(side);
        }
        finally
        {
            _ = Libc.SetFileUser(0);
            _ = Libc.SetFileGroup(0);
        }
    }

    private static string? FindDifference(Side one, Side other, Call call)
    {
        foreach (string path in call.Paths.Distinct())
        {
            string first = one.Look(path), second = other.Look(path);
            if (first != second) return $"'{path}' is\n  {first} on the mount,\n  {second} in the ordinary directory";
        }

        return null;
    }

    private static string? CompareTrees(Side one, Side other)
    {
        SortedDictionary<string, string> first = TreeReader.Read(one), second = TreeReader.Read(other);
        foreach (string path in first.Keys.Union(second.Keys))
        {
            string here = first.GetValueOrDefault(path, "absent"), there = second.GetValueOrDefault(path, "absent");
            if (here != there) return $"'{path}' is\n  {here} on the mount,\n  {there} in the ordinary directory";
        }

        return null;
    }

    private static int Fail(int seed, Queue<string> history, string difference)
    {
        var text = new StringBuilder();
        foreach (string line in history) text.Append("  ").AppendLine(line);
        Console.WriteLine($"BAZIL_SEED={seed}: {difference}\nafter\n{text}");
        return 1;
    }
}
