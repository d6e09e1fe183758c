using System.Text;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Unix;

namespace Bazil.StoreBench;

/// <summary>A directory tree on the disk as a snapshot takes it: what it is made of is found first, the content of files is filled in by whoever stores them.</summary>
internal sealed class TreeScan : ISnapshotSource
{
    private readonly List<Entry[]> _directories = [];

    private TreeScan(UnixTime taken) => Taken = taken;

    public VolumeId Volume => new(1);

    public UnixTime Taken { get; }

    public uint KeyEpoch => 1;

    public InodeId Root => new(1);

    public AttributeValue RootAttributes => Attributes(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    public UnixTime RootModifyTime => default;

    /// <summary>Files whose content has to be stored.</summary>
    public List<Entry> Changed { get; } = [];

    /// <summary>Looks at everything below a directory. A file of the size and time that it has in the earlier snapshot is taken from there.</summary>
    public static async Task<TreeScan> RunAsync(string directory, SnapshotDirectory? earlier, CancellationToken cancel)
    {
        var scan = new TreeScan(default);
        await scan.AddAsync(new DirectoryInfo(directory), earlier, cancel);
        return scan;
    }

    public IEnumerable<SnapshotSourceEntry> List(InodeId directory) =>
        _directories[(int)directory.Value - 1].Select(static entry => new SnapshotSourceEntry(
            entry.Name, entry.Node, entry.Kind, entry.ModifyTime, entry.Attributes, entry.Content, entry.Directory));

    private async Task<InodeId> AddAsync(DirectoryInfo directory, SnapshotDirectory? earlier, CancellationToken cancel)
    {
        int slot = _directories.Count;
        _directories.Add([]);
        var before = new Dictionary<FileName, SnapshotEntry>();
        if (earlier is not null)
        {
            await foreach (SnapshotEntry entry in earlier.ListAsync(0, cancel)) before.Add(entry.Name, entry);
        }

        var entries = new List<Entry>();
        foreach (FileSystemInfo info in directory.EnumerateFileSystemInfos())
        {
            var entry = new Entry(info);
            SnapshotEntry? same = before.GetValueOrDefault(entry.Name);
            entries.Add(entry);
            if (entry.Kind == NodeKind.Directory)
            {
                entry.Directory = await AddAsync((DirectoryInfo)info, same is { IsDirectory: true } ? earlier!.Open(same) : null, cancel);
            }
            else if (entry.Kind == NodeKind.Symlink)
            {
                entry.Content = ContentValue.Symlink(Encoding.UTF8.GetBytes(info.LinkTarget!), entry.ModifyTime);
            }
            else if (same is { Kind: NodeKind.File } && same.SizeBytes == (ulong)((FileInfo)info).Length && same.ModifyTime == entry.ModifyTime)
            {
                entry.Content = same.Content;
            }
            else
            {
                Changed.Add(entry);
            }
        }

        _directories[slot] = [.. entries.OrderBy(static entry => entry.Name)];
        return new InodeId((ulong)slot + 1);
    }

    private static AttributeValue Attributes(UnixFileMode mode) => new((uint)mode, AttributeValue.Self, AttributeValue.Self, default, ExtendedAttributes.None);

    /// <summary>One name in the tree.</summary>
    internal sealed class Entry
    {
        public Entry(FileSystemInfo info)
        {
            Path = info.FullName;
            Name = FileName.Parse(info.Name);
            Kind = info.LinkTarget is not null ? NodeKind.Symlink : info is DirectoryInfo ? NodeKind.Directory : NodeKind.File;
            ModifyTime = UnixTime.From(new DateTimeOffset(info.LastWriteTimeUtc, TimeSpan.Zero));
            Attributes = TreeScan.Attributes(info.UnixFileMode);
            Span<byte> id = stackalloc byte[ReplicaId.Size];
            Blake2b.Hash(Encoding.UTF8.GetBytes(Path), id);
            Node = new NodeId(new Core.Version(1, ReplicaId.Read(id)));
        }

        public string Path { get; }

        public FileName Name { get; }

        public NodeKind Kind { get; }

        public UnixTime ModifyTime { get; }

        public AttributeValue Attributes { get; }

        public NodeId Node { get; }

        public ContentValue? Content { get; set; }

        public InodeId Directory { get; set; }
    }
}
