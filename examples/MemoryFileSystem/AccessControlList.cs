using System.Buffers.Binary;

namespace Bazil.Fuse.Examples;

/// <summary>
/// A POSIX access control list (acl(5)) as the kernel passes it in extended attributes. The kernel checks permissions by it; the file system
/// keeps it in step with the mode of the file, in both directions, and hands the default list of a directory on to what is made in it.
/// </summary>
/// <remarks>
/// The attribute (posix_acl_xattr.h), which the kernel has validated; all little-endian:
/// <code>
/// version u32 = 2, then for each entry: tag u16, permissions u16, id u32
/// </code>
/// The mode shows three entries: its owner's, its others', and in between the mask, or without one the group's.
/// </remarks>
internal readonly struct AccessControlList
{
    private const int HeaderBytes = 4;
    private const int EntryBytes = 8;
    private const int MinimalEntries = 3;
    private const uint Permissions = 7;

    private readonly byte[] _attribute;

    /// <summary>Takes its own copy of an attribute.</summary>
    internal AccessControlList(ReadOnlySpan<byte> attribute) => _attribute = attribute.ToArray();

    /// <summary>ACL_USER_OBJ and so on (posix_acl.h).</summary>
    private enum Tag : ushort
    {
        Owner = 0x01,
        Group = 0x04,
        Mask = 0x10,
        Others = 0x20,
    }

    internal static ReadOnlySpan<byte> AccessName => "system.posix_acl_access"u8;

    internal static ReadOnlySpan<byte> DefaultName => "system.posix_acl_default"u8;

    internal byte[] Attribute => _attribute;

    /// <summary>It says no more than a mode does.</summary>
    internal bool IsMode => _attribute.Length == HeaderBytes + (MinimalEntries * EntryBytes);

    /// <summary>The permission bits that a mode shows of it.</summary>
    internal uint Mode => (Get(Tag.Owner) << 6) | (Get(Middle) << 3) | Get(Tag.Others);

    private Tag Middle => Find(Tag.Mask) >= 0 ? Tag.Mask : Tag.Group;

    /// <summary>What chmod(2) does to it.</summary>
    internal void SetMode(uint mode)
    {
        Set(Tag.Owner, mode >> 6);
        Set(Middle, mode >> 3);
        Set(Tag.Others, mode);
    }

    /// <summary>Makes the default list of a directory into the list of something made in it, of which open(2) or mkdir(2) were given the mode.</summary>
    internal void Restrict(uint mode) => SetMode(mode & Mode);

    private uint Get(Tag tag) => BinaryPrimitives.ReadUInt16LittleEndian(_attribute.AsSpan(Find(tag) + sizeof(ushort))) & Permissions;

    private void Set(Tag tag, uint permissions) =>
        BinaryPrimitives.WriteUInt16LittleEndian(_attribute.AsSpan(Find(tag) + sizeof(ushort)), (ushort)(permissions & Permissions));

    /// <summary>Where the entry starts; -1 when there is none.</summary>
    private int Find(Tag tag)
    {
        for (var offset = HeaderBytes; offset <= _attribute.Length - EntryBytes; offset += EntryBytes)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(_attribute.AsSpan(offset)) == (ushort)tag) return offset;
        }

        return -1;
    }
}
