namespace Bazil.Fuse;

/// <summary>The two ways to mount.</summary>
public enum FuseMountMethod
{
    /// <summary>Direct as root, else by helper.</summary>
    Automatic,

    /// <summary>mount(2); needs the right to mount.</summary>
    Direct,

    /// <summary>The setuid program fusermount3, which mounts for ordinary users and hands back the connection.</summary>
    Helper,
}
