namespace Bazil.Fuse;

/// <summary>Flags of setxattr(2).</summary>
[Flags]
public enum XattrFlags : uint
{
    None = 0,

    /// <summary>EEXIST when the attribute exists.</summary>
    Create = 1 << 0,

    /// <summary>ENODATA when the attribute does not exist.</summary>
    Replace = 1 << 1,

    /// <summary>The setgid bit is to go with this change of an access control list; needs <see cref="FuseCapabilities.SetXattrExtended"/>.</summary>
    ClearSetGroupId = 1 << 8,
}
