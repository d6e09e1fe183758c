using System.Security.Cryptography;
using System.Text;

namespace Bazil.TestChild.Posix;

/// <summary>Everything below a root that a program could see, as text: both sides must give the same.</summary>
internal static class TreeReader
{
    private const long HashedBytesMax = 8 << 20;

    /// <summary>Renames make trees that are deeper than a path may be long: what lies beyond is not looked at.</summary>
    private const int PathCharactersMax = 3500;

    public static SortedDictionary<string, string> Read(Side side)
    {
        var tree = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var groups = new Dictionary<ulong, List<string>>();
        Walk(side, "", tree, groups);
        foreach (List<string> group in groups.Values.Where(group => group.Count > 1)) tree[$"links of {group.Min(StringComparer.Ordinal)}"] = string.Join(' ', group.Order(StringComparer.Ordinal));
        return tree;
    }

    private static void Walk(Side side, string directory, SortedDictionary<string, string> tree, Dictionary<ulong, List<string>> groups)
    {
        foreach (string entry in Workload.List(side.At(directory)).Data.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = entry[..entry.LastIndexOf(':')], path = directory.Length == 0 ? name : $"{directory}/{name}";
            if (name is "." or "..") continue;
            NodeStatus status = NodeStatus.OfPath(side.At(path)) ?? throw new IOException($"{path} is listed and cannot be looked at");
            tree[path] = $"{status.Describe()} {Workload.ListXattrs(side.At(path)).Data}{(status.IsFile ? Hash(side.At(path), status.Size) : "")}";
            if (!groups.TryGetValue(status.Inode, out List<string>? group)) groups[status.Inode] = group = [];
            group.Add(path);
            if (status.IsDirectory && path.Length < PathCharactersMax) Walk(side, path, tree, groups);
        }
    }

    /// <summary>The content of a file by its data; huge files are sparse and only their beginning is looked at.</summary>
    private static string Hash(byte[] path, long size)
    {
        int descriptor = Libc.Open(path, 0, 0);
        byte[] content = new byte[Math.Min(size, HashedBytesMax)];
        nint count = Libc.Read(descriptor, content, content.Length, 0);
        Libc.Close(descriptor);
        return $" {count} {Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8))}";
    }
}
