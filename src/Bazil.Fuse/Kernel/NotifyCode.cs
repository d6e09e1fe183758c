namespace Bazil.Fuse.Kernel;

/// <summary>enum fuse_notify_code.</summary>
internal enum NotifyCode
{
    Poll = 1,
    InvalidateInode = 2,
    InvalidateEntry = 3,
    Store = 4,
    Retrieve = 5,
    Delete = 6,
    Resend = 7,
    IncrementEpoch = 8,
}
