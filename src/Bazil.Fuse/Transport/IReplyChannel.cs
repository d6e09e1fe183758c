using Bazil.Unix;

namespace Bazil.Fuse.Transport;

/// <summary>The way back to the kernel for the requests that came by one descriptor or queue. For any thread, concurrently.</summary>
internal interface IReplyChannel
{
    /// <summary>
    /// Sends the one answer of a request. ENOENT: the request is gone, nobody waits for the answer; ENODEV or
    /// ECONNABORTED: so is the mount. Anything else but OK is a bug of this library.
    /// </summary>
    Errno Reply(ulong unique, Errno error, ReadOnlySpan<byte> body);
}
