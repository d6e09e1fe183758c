using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>A file, directory, link or device. Its number is its node id and is never used again.</summary>
internal sealed class Inode(ulong number, uint mode)
{
    private const int BlockUnitBytes = 512;

    /// <summary>Guards everything of this inode but what is said to be the tree's. Taken after the tree's lock.</summary>
    internal Lock Lock { get; } = new();

    internal ulong Number { get; } = number;

    internal FuseNodeId Node => new(Number);

    internal uint Mode { get; set; } = mode;

    internal uint UserId { get; set; }

    internal uint GroupId { get; set; }

    internal uint Device { get; init; }

    internal UnixTime AccessTime { get; set; }

    internal UnixTime ModificationTime { get; set; }

    internal UnixTime ChangeTime { get; set; }

    internal UnixTime BirthTime { get; set; }

    internal FileContent? Content { get; init; }

    internal byte[]? LinkTarget { get; init; }

    internal Dictionary<byte[], byte[]> Xattrs { get; } = new(0, ByteSequenceComparer.Instance);

    /// <summary>The entries of a directory. The tree's lock guards them.</summary>
    internal DirectoryContent? Directory { get; init; }

    /// <summary>Number of names; for a directory, 2 and its subdirectories. Guarded by the tree's lock and this one: hold both to write, one to read.</summary>
    internal uint LinkCount { get; set; }

    /// <summary>What the kernel holds. The tree's lock guards it.</summary>
    internal ulong Lookups { get; set; }

    internal bool IsDirectory => Directory is not null;

    internal FuseFileType Type => FuseMode.TypeOf(Mode);

    /// <summary>Takes setuid away, and setgid where it is one (without group execution it means mandatory locks). With the lock held.</summary>
    internal void DropPrivileges()
    {
        Mode &= ~FuseMode.SetUserId;
        if ((Mode & FuseMode.GroupExecute) != 0) Mode &= ~FuseMode.SetGroupId;
    }

    internal FuseAttributes Attributes()
    {
        lock (Lock)
        {
            return new FuseAttributes
            {
                Inode = Number,
                Size = Content?.Length ?? LinkTarget?.Length ?? Directory?.Count ?? 0,
                Blocks = (Content?.AllocatedBytes ?? 0) / BlockUnitBytes,
                AccessTime = AccessTime,
                ModificationTime = ModificationTime,
                ChangeTime = ChangeTime,
                Mode = Mode,
                LinkCount = LinkCount,
                UserId = UserId,
                GroupId = GroupId,
                Device = Device,
                BlockSize = 4096,
            };
        }
    }
}
