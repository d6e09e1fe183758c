using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>
/// A file system: one method for each operation of the kernel. Every method has a default, and a class that overrides
/// none is an empty, read-only directory.
/// </summary>
/// <remarks>
/// <para><b>Threads.</b> Handlers are called concurrently from the mount's threads. One that completes at once is answered
/// on its thread without allocation; one that returns an incomplete task gives the thread back and is answered when the
/// task completes, on the thread that completes it. A handler may block, but then its thread serves nobody else.</para>
/// <para><b>Lent memory.</b> Names and buffers belong to the request: spans are valid until the handler returns, memory
/// until its task completes. Names are the bytes of the caller, 1 to 255 of them without NUL and slash.</para>
/// <para><b>Errors.</b> Return an <see cref="Errno"/>. An exception is answered by the one place that maps them (EINTR
/// for a cancellation after an interrupt, <see cref="FuseMountOptions.MapException"/>, else EIO) and is logged.
/// Never return ENOSYS for one node only: the kernel takes it as a property of the whole mount and stops asking.
/// The defaults that use it do so because the operation is not implemented at all.</para>
/// <para><b>Cancellation.</b> The token is cancelled when the caller was interrupted (a signal) or the mount ends. The
/// answer of the handler counts, whatever it is: a handler past its commit point answers as usual.</para>
/// <para><b>Lookups.</b> Each <see cref="FuseEntry"/> that is answered counts as one lookup of its node, each
/// <see cref="Forget"/> takes some back. A node with lookups may be named by any request, unlinked or not. At the
/// end of a mount the kernel may leave lookups standing: <see cref="Destroy"/> ends them all.</para>
/// <para>The file system must not use its own mount, directly or by a memory map: it would wait for itself.</para>
/// </remarks>
public abstract partial class FuseFileSystem
{
    /// <summary>The mount is there and no request has come yet.</summary>
    public virtual void Initialize(FuseConnection connection)
    {
    }

    /// <summary>The mount has ended; no request is being handled and none will come.</summary>
    public virtual void Destroy()
    {
    }

    /// <summary>Numbers for statfs(2). Default: no blocks, names of 255 bytes.</summary>
    public virtual ValueTask<Reply<FuseStatFs>> StatFs(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) =>
        new(new FuseStatFs());

    /// <summary>Makes everything written so far durable. The kernel asks only those with a <see cref="FuseMountOptions.BlockDevice"/>. Default: ENOSYS, taken as success.</summary>
    public virtual ValueTask<Errno> SyncFileSystem(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);
}
