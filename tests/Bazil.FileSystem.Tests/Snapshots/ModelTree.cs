using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Blobs;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>A plain tree in memory: what a snapshot is compared with, and the source it is taken of.</summary>
internal sealed class ModelTree : ISnapshotSource
{
    public static readonly ReplicaId Replica = new(0xABCD);

    private readonly Dictionary<InodeId, SortedDictionary<FileName, SnapshotSourceEntry>> _directories = [];
    private ulong _lastInode = InodeId.FirstAllocated;
    private ulong _lastTick = 1;

    public ModelTree() => _directories[InodeId.Root] = [];

    public VolumeId Volume { get; } = new(0x1234_5678);

    public UnixTime Taken { get; set; } = new(1_700_000_000, 5);

    public uint KeyEpoch => 1;

    public InodeId Root => InodeId.Root;

    public AttributeValue RootAttributes { get; set; } = Plain(0x1ED);

    public UnixTime RootModifyTime { get; set; } = new(1_600_000_000, 999_999_999);

    /// <summary>What the source claims to be unchanged.</summary>
    public Dictionary<InodeId, DirectoryManifest> Unchanged { get; } = [];

    /// <summary>What the source knows of changes.</summary>
    public Dictionary<InodeId, DirectoryChanges> Changes { get; } = [];

    /// <summary>What the writer told of.</summary>
    public Dictionary<InodeId, DirectoryManifest> Written { get; } = [];

    /// <summary>Directories that were listed.</summary>
    public List<InodeId> Listed { get; } = [];

    /// <summary>Listings that were given up and begun again.</summary>
    public int Abandoned { get; private set; }

    public int OpenListings { get; private set; }

    public static AttributeValue Plain(uint mode) => new(mode, AttributeValue.Self, AttributeValue.Self, default, ExtendedAttributes.None);

    public static ContentValue Text(string text) => ContentValue.Inline(System.Text.Encoding.UTF8.GetBytes(text), default);

    public NodeId NextNode() => new(new Version(_lastTick++, Replica));

    public SortedDictionary<FileName, SnapshotSourceEntry> Entries(InodeId directory) => _directories[directory];

    public InodeId AddDirectory(InodeId parent, FileName name, AttributeValue? attributes = null)
    {
        var inode = new InodeId(_lastInode++);
        _directories[inode] = [];
        Add(parent, new SnapshotSourceEntry(name, NextNode(), NodeKind.Directory, new UnixTime(7, 8), attributes ?? Plain(0x1C0), null, inode));
        return inode;
    }

    public void AddFile(InodeId parent, FileName name, ContentValue content, AttributeValue? attributes = null) =>
        Add(parent, new SnapshotSourceEntry(name, NextNode(), NodeKind.File, new UnixTime(-5, 6), attributes ?? Plain(0x1A4), content, default));

    public void Add(InodeId parent, SnapshotSourceEntry entry) => _directories[parent][entry.Name] = entry;

    public IEnumerable<SnapshotSourceEntry> List(InodeId directory)
    {
        Listed.Add(directory);
        OpenListings++;
        try
        {
            foreach (SnapshotSourceEntry entry in _directories[directory].Values)
            {
                yield return entry;
            }
        }
        finally
        {
            OpenListings--;
        }
    }

    public DirectoryManifest? FindUnchanged(InodeId directory) => Unchanged.TryGetValue(directory, out DirectoryManifest known) ? known : null;

    public DirectoryChanges? FindChanges(InodeId directory) => Changes.GetValueOrDefault(directory);

    public void OnAbandoned(InodeId directory) => Abandoned++;

    public void OnWritten(InodeId directory, DirectoryManifest manifest) => Written.Add(directory, manifest);

    /// <summary>Files, directories and bytes below a directory.</summary>
    public TreeTotals Totals(InodeId directory)
    {
        TreeTotals totals = default;
        foreach (SnapshotSourceEntry entry in _directories[directory].Values)
        {
            totals = totals.Add(entry.Kind == NodeKind.Directory
                ? Totals(entry.Directory).Add(new TreeTotals(0, 1, 0))
                : new TreeTotals(1, 0, entry.Content!.SizeBytes));
        }

        return totals;
    }

    /// <summary>A tree of all kinds of nodes, names and values, edges weighted.</summary>
    public static ModelTree Random(Random random, int nodes)
    {
        var tree = new ModelTree();
        var directories = new List<InodeId> { InodeId.Root };
        for (int count = 0; count < nodes; count++)
        {
            InodeId parent = directories[random.Next(directories.Count)];
            FileName name = RandomName(random);
            if (tree._directories[parent].ContainsKey(name)) continue;
            var kind = (NodeKind)random.Next(1, 8);
            if (kind == NodeKind.Directory)
            {
                directories.Add(tree.AddDirectory(parent, name, RandomAttributes(random)));
                continue;
            }

            var time = new UnixTime(random.NextInt64(-1L << 40, 1L << 40), (uint)random.Next(1_000_000_000));
            tree.Add(parent, new SnapshotSourceEntry(name, tree.NextNode(), kind, time, RandomAttributes(random), RandomContent(random, kind), default));
        }

        return tree;
    }

    /// <summary>1 to 255 bytes of any value but '/' and NUL.</summary>
    public static FileName RandomName(Random random)
    {
        while (true)
        {
            byte[] bytes = new byte[random.Next(8) switch { 0 => 255, 1 => 1, 2 => random.Next(1, 256), _ => random.Next(1, 12) }];
            random.NextBytes(bytes);
            for (int index = 0; index < bytes.Length; index++)
            {
                if (bytes[index] is 0 or (byte)'/') bytes[index] = random.Next(2) == 0 ? (byte)1 : (byte)255;
            }

            if (FileName.TryCreate(bytes, out FileName name)) return name;
        }
    }

    private static AttributeValue RandomAttributes(Random random)
    {
        ExtendedAttributes extended = ExtendedAttributes.None;
        for (int count = random.Next(4) == 0 ? random.Next(4) : 0; count > 0; count--)
        {
            byte[] value = new byte[random.Next(5) switch { 0 => 0, 1 => 65536 / 4, _ => random.Next(40) }];
            random.NextBytes(value);
            extended = extended.With(RandomName(random).Span, value);
        }

        return new AttributeValue((uint)random.Next(0x1000), (uint)random.NextInt64(1L << 32), (uint)random.Next(), default, extended);
    }

    private static ContentValue RandomContent(Random random, NodeKind kind)
    {
        byte[] bytes = new byte[random.Next(4) switch { 0 => 0, 1 => 4095, 2 => random.Next(1, 4096), _ => random.Next(1, 50) }];
        random.NextBytes(bytes);
        if (kind == NodeKind.Symlink) return ContentValue.Symlink(bytes, default);
        if (kind != NodeKind.File) return ContentValue.Special((uint)random.NextInt64(1L << 32), default);
        if (random.Next(2) == 0) return ContentValue.Inline(bytes, default);
        byte[] key = new byte[ChunkKey.Size];
        random.NextBytes(key);
        uint chunkSize = 4096u << random.Next(11);
        return ContentValue.Blob(new Manifest(new ChunkKey(key), (ulong)random.NextInt64(), chunkSize, 128, (uint)random.Next(1, 9)), default);
    }
}
