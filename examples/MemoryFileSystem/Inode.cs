using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>A file, directory, link or device. Its number is its node id and is never used again.</summary>
internal sealed class Inode(ulong number, uint mode)
{
    private const int BlockUnitBytes = 512;

    /// <summary>rwxrwxrwx.</summary>
    private const uint PermissionBits = 0x1FF;

    /// <summary>Null until there is one: most inodes never have any.</summary>
    private Dictionary<byte[], byte[]>? _xattrs;

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

    internal IEnumerable<byte[]> XattrNames => _xattrs?.Keys ?? Enumerable.Empty<byte[]>();

    /// <summary>The entries of a directory. The tree's lock guards them.</summary>
    internal DirectoryContent? Directory { get; init; }

    /// <summary>Number of names; for a directory, 2 and its subdirectories. Guarded by the tree's lock and this one: hold both to write, one to read.</summary>
    internal uint LinkCount { get; set; }

    /// <summary>What the kernel holds. The tree's lock guards it.</summary>
    internal ulong Lookups { get; set; }

    internal bool IsDirectory => Directory is not null;

    internal FuseFileType Type => FuseMode.TypeOf(Mode);

    /// <summary>What chmod(2) does: the mode, and the access list if there is one. With the lock held.</summary>
    internal void SetPermissions(uint mode)
    {
        Mode = (Mode & FuseMode.TypeMask) | (mode & FuseMode.PermissionMask);
        if (FindXattr(AccessList.AccessName) is { } attribute && AccessList.TryParse(attribute, out var list))
        {
            SetXattr(AccessList.AccessName, list.WithMode(mode).ToBytes());
        }
    }

    /// <summary>Takes an access list over into the mode, and keeps it if it says more than that. With the lock held.</summary>
    internal void SetAccessList(AccessList list)
    {
        Mode = list.ApplyTo(Mode);
        if (list.IsMode) RemoveXattr(AccessList.AccessName);
        else SetXattr(AccessList.AccessName, list.ToBytes());
    }

    /// <summary>
    /// The permissions of something new: those of the directory's default list as far as its maker asked for them, or without such a list
    /// what its maker's umask leaves of them. Before others see it; <paramref name="directory"/> must not be locked.
    /// </summary>
    internal void InheritPermissions(Inode directory, uint umask)
    {
        byte[]? inherited;
        lock (directory.Lock) inherited = directory.FindXattr(AccessList.DefaultName);
        if (inherited is null || !AccessList.TryParse(inherited, out var list))
        {
            Mode &= ~(umask & PermissionBits);
            return;
        }

        var mode = Mode;
        SetAccessList(list.Inherit(ref mode));
        if (IsDirectory) SetXattr(AccessList.DefaultName, inherited);
    }

    internal byte[]? FindXattr(ReadOnlySpan<byte> name) =>
        _xattrs is not null && _xattrs.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var value) ? value : null;

    internal void SetXattr(ReadOnlySpan<byte> name, byte[] value)
    {
        _xattrs ??= new Dictionary<byte[], byte[]>(ByteSequenceComparer.Instance);
        _xattrs.GetAlternateLookup<ReadOnlySpan<byte>>()[name] = value;
    }

    internal bool RemoveXattr(ReadOnlySpan<byte> name) => _xattrs is not null && _xattrs.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(name);

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
