namespace Bazil.Fuse;

/// <summary>Who asks: ids of the calling process, as seen from the mount's user and pid namespace.</summary>
/// <param name="Unique">The kernel's number of the request, for logs.</param>
/// <param name="UserId">File system user id of the caller.</param>
/// <param name="GroupId">File system group id of the caller.</param>
/// <param name="ProcessId">Thread id of the caller; 0 when the kernel acts on its own, as in write-back.</param>
public readonly record struct RequestContext(ulong Unique, uint UserId, uint GroupId, uint ProcessId)
{
    /// <summary>FUSE_UNIQUE_RESEND.</summary>
    private const ulong ResentBit = 1UL << 63;

    /// <summary>
    /// The request came before (<see cref="IFuseNotifier.Resend"/>) and may have been carried out: making a name may then find what the first
    /// time made. Only the answer to this one counts.
    /// </summary>
    public bool IsResent => (Unique & ResentBit) != 0;
}
