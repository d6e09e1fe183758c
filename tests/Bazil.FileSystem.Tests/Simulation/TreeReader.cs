using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>Reads the shown tree as the volume derives it from its claims.</summary>
internal static class TreeReader
{
    public static SortedDictionary<string, string> Read(Replica replica, Func<ShownName, string>? describe = null)
    {
        var tree = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var store = new VolumeStore(replica.Metadata, 1, new SeededEntropy(new Random(0)), replica.Id);
        Walk(new Transaction(store), InodeId.Root, "", tree, describe ?? Describe);
        return tree;
    }

    private static void Walk(Transaction transaction, InodeId directory, string path, SortedDictionary<string, string> tree, Func<ShownName, string> describe)
    {
        IReadOnlyList<InodeId> united = transaction.UnitedWith(directory);
        var names = new SortedSet<FileName>(united.SelectMany(member => transaction.ScanClaims(member).Select(row => row.Key)));
        uint counted = (uint)united.Sum(member => transaction.Require(member).Entries);
        Assert.Equal((uint)united.Sum(member => transaction.ScanClaims(member).Count()), counted);
        foreach (FileName name in names)
        {
            ShownName shown = transaction.Resolve(directory, name);
            tree[$"{path}/{name}"] = describe(shown);
            if (shown.Directories.Length > 0) Walk(transaction, shown.Primary.Inode, $"{path}/{name}", tree, describe);
        }
    }

    private static string Describe(ShownName shown)
    {
        string directories = string.Join(' ', shown.Directories.Select(claim => claim.Node));
        string files = string.Join(' ', shown.Files.Select(claim => $"{claim.Node}:{claim.LinkId}"));
        string conflicts = string.Join(' ', shown.Conflicts.Select(claim => $"{claim.Node}:{claim.LinkId}"));
        return $"directories [{directories}] files [{files}] conflicts [{conflicts}]";
    }
}
