using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Dynamic;

/// <summary>A directory, file or symlink inside a snapshot, read-only whatever its mode was.</summary>
internal sealed class SnapshotNode : VirtualNode
{
    private const uint WriteBits = 0x92;

    private readonly Volume _volume;
    private readonly Snapshot _snapshot;
    private readonly SnapshotEntry? _entry;

    /// <summary>The root of a snapshot, or with an entry something below it.</summary>
    public SnapshotNode(Volume volume, Snapshot snapshot, InodeId inode, SnapshotEntry? entry = null)
        : base(inode)
    {
        _volume = volume;
        _snapshot = snapshot;
        _entry = entry;
    }

    /// <summary>The root of a snapshot, or the directory at a path of it; null when there was none.</summary>
    public static async ValueTask<SnapshotNode?> OpenAsync(Volume volume, SnapshotReference reference, IReadOnlyList<FileName> path, InodeId inode, CancellationToken cancel)
    {
        Snapshot snapshot = await volume.SnapshotReader.OpenAsync(reference.Key, cancel);
        if (path.Count == 0) return new SnapshotNode(volume, snapshot, inode);
        SnapshotEntry? entry = await snapshot.FindAsync(path, cancel);
        return entry is { Kind: NodeKind.Directory } ? new SnapshotNode(volume, snapshot, inode, entry) : null;
    }

    public override FuseAttributes Attributes
    {
        get
        {
            AttributeValue attributes = _entry?.Attributes ?? _snapshot.Description.Attributes;
            UnixTime time = _entry?.ModifyTime ?? _snapshot.Description.ModifyTime;
            ulong size = _entry?.Content?.SizeBytes ?? 0;
            return new FuseAttributes
            {
                Inode = Inode.Value,
                Size = (long)size,
                Blocks = (long)((size + 511) / 512),
                Mode = Volume.TypeBits(_entry?.Kind ?? NodeKind.Directory) | (attributes.Mode & ~WriteBits),
                LinkCount = _entry is null or { Kind: NodeKind.Directory } ? 2u : 1u,
                UserId = attributes.Owner == AttributeValue.Self ? _volume.OwnerId : attributes.Owner,
                GroupId = attributes.Group == AttributeValue.Self ? _volume.GroupId : attributes.Group,
                Device = _entry?.Content?.Device ?? 0,
                ModificationTime = time,
                AccessTime = time,
                ChangeTime = _snapshot.Description.Taken,
            };
        }
    }

    public override ReadOnlyMemory<byte> LinkTarget => _entry?.Content?.Bytes ?? default;

    public override async ValueTask<VirtualNode?> LookupAsync(FileName name, CancellationToken cancel)
    {
        if (Directory is not { } directory) return null;
        SnapshotEntry? entry = await directory.LookupAsync(name, cancel);
        return entry is null ? null : new SnapshotNode(_volume, _snapshot, DynamicInode.Of(Inode, name), entry);
    }

    public override async IAsyncEnumerable<VirtualEntry> ListAsync(ulong cookie, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (Directory is not { } directory) yield break;
        await foreach (SnapshotEntry entry in directory.ListAsync(cookie, cancel))
        {
            yield return new VirtualEntry(entry.Name, DynamicInode.Of(Inode, entry.Name), FuseMode.TypeOf(Volume.TypeBits(entry.Kind)), entry.NextCookie);
        }
    }

    public override IVirtualContent? OpenContent() =>
        _entry is { Kind: NodeKind.File, Content: { } content } ? new ValueContent(content, _volume.Blobs, _snapshot.Key) : null;

    public override ReadOnlyMemory<byte>? FindXattr(ReadOnlySpan<byte> name) =>
        (_entry?.Attributes ?? _snapshot.Description.Attributes).Extended.Find(name) is { } value ? value : null;

    public override ReadOnlyMemory<byte> XattrNames()
    {
        var names = new WireWriter();
        foreach (KeyValuePair<byte[], byte[]> entry in (_entry?.Attributes ?? _snapshot.Description.Attributes).Extended.Entries)
        {
            names.WriteFixed(entry.Key);
            names.WriteByte(0);
        }

        return names.ToArray();
    }

    private SnapshotDirectory? Directory => _entry is null ? _snapshot.Root : _entry.Kind == NodeKind.Directory ? _snapshot.Root.Open(_entry) : null;
}
