using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;

namespace Bazil.FileSystem.Dynamic;

/// <summary>An alternate, readable like the file it could be.</summary>
internal sealed class AlternateNode(InodeId inode, Alternate alternate, Volume volume) : VirtualNode(inode)
{
    public override FuseAttributes Attributes => new()
    {
        Inode = Inode.Value,
        Size = (long)alternate.Content.SizeBytes,
        Blocks = (long)((alternate.Content.SizeBytes + 511) / 512),
        Mode = Volume.TypeBits(alternate.Kind) | 0x100,
        LinkCount = 1,
        UserId = volume.OwnerId,
        GroupId = volume.GroupId,
        Device = alternate.Content.Device,
        ModificationTime = alternate.Content.ModifyTime,
        ChangeTime = alternate.Content.ModifyTime,
        AccessTime = alternate.Content.ModifyTime,
    };

    public override ReadOnlyMemory<byte> LinkTarget => alternate.Content.Bytes;

    public override IVirtualContent? OpenContent() => alternate.Kind == NodeKind.File ? new ValueContent(alternate.Content, volume.Blobs) : null;
}
