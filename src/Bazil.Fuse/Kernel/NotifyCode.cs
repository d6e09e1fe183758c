namespace Bazil.Fuse.Kernel;

/// <summary>enum fuse_notify_code.</summary>
internal enum NotifyCode
{
    InvalidateInode = 2,
    InvalidateEntry = 3,
}
