using System.Globalization;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>A directory of which only the changed names are listed is the same, to the bit, as one that is listed whole.</summary>
public sealed class DirectoryUpdateTests : IDisposable
{
    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly SharingKey _sharingKey = new(new byte[SharingKey.Size]);
    private readonly MemoryObjectStore _objects = new("memory");
    private readonly CountingChunkStore _chunks;

    public DirectoryUpdateTests() => _chunks = new CountingChunkStore(new ConvergentChunkStore(_sharingKey, _objects));

    public void Dispose() => _sharingKey.Dispose();

    [Fact]
    public async Task Random_changes_of_directories_of_any_size_give_what_a_whole_listing_gives()
    {
        Seed seed = Seed.Take(601);
        Random random = seed.CreateRandom();
        foreach (int size in (int[])[0, 1, 2, 40, 100, 250, 1000, 6000])
        {
            for (int round = 0; round < 8; round++)
            {
                ModelTree tree = Wide(size, random);
                await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
                for (int step = 0; step < 3; step++)
                {
                    SortedSet<FileName> changed = Change(tree, random, round switch { 0 => 0, 1 => size, _ => random.Next(1, 12) }, isAtEdge: random.Next(3) == 0);
                    await MustBeTheSameAsync(tree, changed, $"{size} entries, round {round}, step {step}; {seed}");
                }
            }
        }
    }

    [Fact]
    public async Task A_hundred_changes_among_a_hundred_thousand_names_read_and_write_some_hundred_nodes()
    {
        Random random = Seed.Take(602).CreateRandom();
        ModelTree tree = Wide(100_000, random);
        await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
        SortedSet<FileName> changed = Change(tree, random, 100, isAtEdge: false);
        int gets = _chunks.Gets, puts = _chunks.Puts;
        await MustBeTheSameAsync(tree, changed, "100 of 100,000", (reads, writes) => Assert.True(reads - gets < 350 && writes - puts < 350, $"{reads - gets} reads, {writes - puts} writes"));
    }

    [Fact]
    public async Task Many_directories_that_changed_at_once_are_what_they_are_when_listed()
    {
        Seed seed = Seed.Take(604);
        Random random = seed.CreateRandom();
        var tree = new ModelTree();
        var directories = new List<InodeId> { tree.Root };
        for (int number = 0; number < 40; number++)
        {
            InodeId directory = tree.AddDirectory(directories[random.Next(directories.Count)], FileName.Parse($"d{random.Next()}"));
            directories.Add(directory);
            for (int file = random.Next(3) * random.Next(400); file > 0; file--) tree.AddFile(directory, FileName.Parse($"{random.Next()}"), Text(random));
        }

        await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
        var before = tree.Written.ToDictionary();
        for (int step = 0; step < 5; step++)
        {
            // Whatever is below may have changed, so the directories are told to have, too.
            foreach (InodeId directory in directories)
            {
                SortedSet<FileName> changed = [.. tree.Entries(directory).Values.Where(entry => entry.Kind == NodeKind.Directory).Select(entry => entry.Name)];
                for (int count = random.Next(4); count > 0; count--)
                {
                    FileName name = FileName.Parse($"{random.Next()}");
                    tree.AddFile(directory, name, Text(random));
                    changed.Add(name);
                }

                if (random.Next(5) > 0) tree.Changes[directory] = new DirectoryChanges(before[directory], [.. changed]);
            }

            tree.Written.Clear();
            SnapshotKey quick = await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
            before = tree.Written.ToDictionary();
            tree.Changes.Clear();
            tree.Written.Clear();
            Assert.True(quick == await new SnapshotWriter(_chunks).WriteAsync(tree, Never), $"step {step}; {seed}");
        }
    }

    [Fact]
    public async Task What_cannot_be_read_of_the_snapshot_before_is_listed_whole()
    {
        Random random = Seed.Take(603).CreateRandom();
        ModelTree tree = Wide(2000, random);
        await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
        DirectoryManifest before = tree.Written[tree.Root];
        SortedSet<FileName> changed = Change(tree, random, 5, isAtEdge: false);
        byte[] missing = new byte[ChunkKey.Size];
        random.NextBytes(missing);
        tree.Written[tree.Root] = before with { Root = new ChunkKey(missing) };
        await MustBeTheSameAsync(tree, changed, "a root that is missing");
        Assert.Equal(1, tree.Abandoned);
        changed = Change(tree, random, 5, isAtEdge: false);
        tree.Written[tree.Root] = tree.Written[tree.Root] with { Entries = 1 };
        await MustBeTheSameAsync(tree, changed, "a root that does not fit");
        Assert.Equal(2, tree.Abandoned);
    }

    /// <summary>Names of which those that lie in one node are many.</summary>
    private static ModelTree Wide(int count, Random random)
    {
        var tree = new ModelTree();
        for (int number = 0; number < count; number++) tree.AddFile(tree.Root, Name(number), Text(random));
        return tree;
    }

    private static FileName Name(int number) => FileName.Parse(string.Create(CultureInfo.InvariantCulture, $"image-{number:d8}.jpeg"));

    private static ContentValue Text(Random random) => ModelTree.Text(new string('x', random.Next(30)));

    private static SortedSet<FileName> Change(ModelTree tree, Random random, int count, bool isAtEdge)
    {
        var changed = new SortedSet<FileName>();
        SortedDictionary<FileName, SnapshotSourceEntry> entries = tree.Entries(tree.Root);
        FileName[] names = [.. entries.Keys];
        for (int number = 0; number < count; number++)
        {
            FileName name = names.Length == 0 ? Name(number) : names[isAtEdge ? Math.Max(0, names.Length - 1 - number) : random.Next(names.Length)];
            switch (random.Next(5))
            {
                case 0: entries.Remove(name); break;
                case 1: tree.AddFile(tree.Root, name, Text(random)); break;
                case 2: tree.AddFile(tree.Root, name = FileName.Parse($"{name}+"), Text(random)); break;
                case 3: tree.AddFile(tree.Root, name = FileName.Parse(isAtEdge ? $"z{number}" : $"{number}"), Text(random)); break;
                default: break; // told to have changed, and has not
            }

            changed.Add(name);
        }

        return changed;
    }

    private async Task MustBeTheSameAsync(ModelTree tree, SortedSet<FileName> changed, string what, Action<int, int>? costs = null)
    {
        tree.Changes[tree.Root] = new DirectoryChanges(tree.Written[tree.Root], [.. changed]);
        tree.Written.Clear();
        SnapshotKey quick = await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
        costs?.Invoke(_chunks.Gets, _chunks.Puts);
        DirectoryManifest written = tree.Written[tree.Root];
        tree.Changes.Clear();
        tree.Written.Clear();
        SnapshotKey whole = await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
        Assert.True(written == tree.Written[tree.Root] && quick == whole, what);
    }
}
