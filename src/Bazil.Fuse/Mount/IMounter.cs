using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Mount;

/// <summary>A way to mount and to unmount.</summary>
internal interface IMounter
{
    /// <summary>Mounts and returns the descriptor of the new connection.</summary>
    /// <exception cref="FuseMountException">It cannot be mounted.</exception>
    SafeFileHandle Mount(string mountpoint, FuseMountOptions options);

    /// <summary>Takes the mount out of the tree. Who has files open in it keeps them until they are closed.</summary>
    /// <exception cref="FuseMountException">It is mounted and cannot be unmounted.</exception>
    void Unmount(string mountpoint);
}
