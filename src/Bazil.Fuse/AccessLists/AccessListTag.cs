namespace Bazil.Fuse;

/// <summary>Whom an entry of a POSIX access list is about (ACL_* of posix_acl.h). Lists hold them in this order.</summary>
public enum AccessListTag : ushort
{
    Owner = 0x01,
    User = 0x02,
    OwningGroup = 0x04,
    Group = 0x08,

    /// <summary>The most that named users, named groups and the owning group get.</summary>
    Mask = 0x10,
    Other = 0x20,
}
