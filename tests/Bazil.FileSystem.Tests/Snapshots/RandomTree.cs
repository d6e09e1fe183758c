using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>Random changes of a small tree, and the tree as a plain map.</summary>
internal static class RandomTree
{
    public static async Task ChangeAsync(Replica replica, Random random, int step, bool hasLinks = true)
    {
        string path = RandomPath(random), other = RandomPath(random);
        if (!HasDirectory(replica, ParentOf(path))) return;
        bool hasOtherParent = HasDirectory(replica, ParentOf(other));
        bool exists = replica.Exists(path), isDirectory = HasDirectory(replica, path);
        switch (random.Next(9))
        {
            case 0 when !exists: replica.MakeDirectory(path); break;
            case 1 or 2 when !isDirectory && (!exists || (replica.Stat(path).Mode & FuseMode.TypeMask) == FuseMode.Regular):
                await replica.WriteAsync(path, random.Next(4) == 0 ? new string('x', 5000 + step) : $"{step}");
                break;
            case 3 when exists && !isDirectory: replica.Unlink(path); break;
            case 4 when isDirectory: replica.RemoveDirectory(path); break;
            case 5 when exists && hasOtherParent: replica.Rename(path, other, random.Next(4) == 0 ? RenameFlags.Exchange : RenameFlags.None); break;
            case 6 when exists: replica.Chmod(path, (uint)random.Next(0x200)); break;
            case 7 when hasLinks && exists && !isDirectory && hasOtherParent && !replica.Exists(other): replica.Link(path, other); break;
            case 8 when !exists: replica.MakeSymlink(path, $"to {step}"); break;
        }
    }

    /// <summary>Everything in a snapshot, by path.</summary>
    public static async Task<SortedDictionary<string, SnapshotEntry>> ReadAsync(Snapshot snapshot, CancellationToken cancel)
    {
        var tree = new SortedDictionary<string, SnapshotEntry>(StringComparer.Ordinal);
        await ReadAsync(snapshot.Root, "", tree, cancel);
        return tree;
    }

    /// <summary>What a person would compare: everything but the node.</summary>
    public static string Describe(SnapshotEntry entry) =>
        $"{entry.Kind} {entry.ModifyTime} {entry.Attributes} {(entry.Content is { Form: ContentForm.Blob } blob ? blob.Manifest.ToString() : Convert.ToHexString((entry.Content?.Bytes ?? default).Span))}";

    public static string ParentOf(string path) => path.Contains('/') ? path[..path.LastIndexOf('/')] : "";

    public static string RandomPath(Random random)
    {
        string path = $"{(char)('a' + random.Next(4))}";
        for (int depth = random.Next(4); depth > 0; depth--) path += $"/{(char)('a' + random.Next(4))}";
        return path;
    }

    private static bool HasDirectory(Replica replica, string path) =>
        replica.TryFind(path) is { } inode && FuseMode.IsDirectory(replica.Volume.GetAttributes(inode).Value.Mode);

    private static async Task ReadAsync(SnapshotDirectory directory, string path, SortedDictionary<string, SnapshotEntry> tree, CancellationToken cancel)
    {
        await foreach (SnapshotEntry entry in directory.ListAsync(0, cancel))
        {
            string here = path.Length == 0 ? entry.Name.ToString() : $"{path}/{entry.Name}";
            tree[here] = entry;
            if (entry.IsDirectory) await ReadAsync(directory.Open(entry), here, tree, cancel);
        }
    }
}
