using System.Runtime.CompilerServices;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Transport;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>FUSE_INIT: the first message of a connection, in which both sides agree on what they can do.</summary>
internal static class Handshake
{
    internal const uint Major = 7;

    /// <summary>The newest protocol whose structs <see cref="Abi"/> knows.</summary>
    internal const uint NewestMinor = 45;

    /// <summary>Linux 5.4. From here on no struct has an older, shorter form.</summary>
    internal const uint OldestMinor = 31;

    /// <summary>fuse_init_in before FUSE_INIT_EXT (protocol 7.36).</summary>
    private const int ShortInitBytes = 16;

    private const int PageBytes = 4096;

    /// <summary>FUSE_DEFAULT_MAX_PAGES_PER_REQ: the pages of a request without FUSE_MAX_PAGES.</summary>
    private const int DefaultMaxPages = 32;

    /// <summary>FUSE_INIT_EXT: flags2 is valid, in both directions.</summary>
    private const ulong InitExtended = 1UL << 30;

    /// <summary>FUSE_OVER_IO_URING: offered only while the kernel's parameter is on.</summary>
    private const ulong OverUring = 1UL << 41;

    /// <summary>Room for the data of any request that the kernel may send under these options.</summary>
    internal static int DataBytes(FuseMountOptions options)
    {
        var largest = Math.Max(RoundUp(options.MaxWriteBytes), DefaultMaxPages * PageBytes);
        return Math.Max(largest, FuseLimits.MinReceiveBytes);
    }

    /// <summary>Reads requests until the connection is agreed on, and answers. Blocks until the kernel has sent its half.</summary>
    /// <exception cref="FuseMountException">The kernel is too old or the connection ended.</exception>
    internal static FuseConnection Perform(DeviceChannel channel, FuseRequest request, FuseMountOptions options, IFuseNotifier notifier, bool wantsUring)
    {
        while (true)
        {
            var error = channel.Receive(request.Buffer, out var length);
            if (error is Errno.EINTR or Errno.EAGAIN or Errno.ENOENT) continue;
            if (error != Errno.OK) throw Refused(options, $"the connection ended before it was agreed on: {error}");
            if (!request.TryBegin(channel, length)) throw Refused(options, "the kernel's first message is not a request");
            if (request.Header.Opcode != Opcode.Init)
            {
                request.Reply(Errno.EIO);
                continue;
            }

            if (Answer(channel, request, options, notifier, wantsUring) is { } connection) return connection;
        }
    }

    /// <summary>Null when the kernel is to try again with the major version it was told.</summary>
    private static FuseConnection? Answer(
        DeviceChannel channel, FuseRequest request, FuseMountOptions options, IFuseNotifier notifier, bool wantsUring)
    {
        var reader = request.OpenReader();
        var size = Math.Min(reader.Rest.Length, Unsafe.SizeOf<Abi.InitIn>());
        if (size < ShortInitBytes || !reader.TryTakePrefix(size, out Abi.InitIn init))
        {
            request.Reply(Errno.EPROTO);
            throw Refused(options, "the kernel's FUSE_INIT is cut short");
        }

        if (init.Major > Major)
        {
            request.Reply(new Abi.InitOut { Major = Major, Minor = NewestMinor });
            return null;
        }

        if (init.Major < Major || init.Minor < OldestMinor)
        {
            request.Reply(Errno.EPROTO);
            throw new FuseMountException(
                FuseMountFailure.KernelTooOld,
                options.Mountpoint,
                $"the kernel speaks FUSE {init.Major}.{init.Minor}; {Major}.{OldestMinor} (Linux 5.4) or newer is needed");
        }

        var offered = init.Flags | ((init.Flags & InitExtended) != 0 ? (ulong)init.Flags2 << 32 : 0);
        var wanted = (ulong)options.Capabilities | (wantsUring ? OverUring : 0);
        var agreed = wanted & offered;
        var maxPages = (agreed & (ulong)FuseCapabilities.MaxPages) != 0 ? RoundUp(options.MaxWriteBytes) / PageBytes : DefaultMaxPages;
        var reply = new Abi.InitOut
        {
            Major = Major,
            Minor = Math.Min(init.Minor, NewestMinor),
            MaxReadahead = init.MaxReadahead,
            Flags = (uint)(agreed | (offered & InitExtended)),
            Flags2 = (uint)(agreed >> 32),
            MaxBackground = (ushort)options.MaxBackground,
            CongestionThreshold = (ushort)(options.MaxBackground * 3 / 4),
            MaxWrite = (uint)Math.Min(options.MaxWriteBytes, maxPages * PageBytes),
            TimeGranularity = 1,
            MaxPages = (ushort)maxPages,
            // The depth of file systems above a backing file; without it the kernel drops FUSE_PASSTHROUGH.
            MaxStackDepth = (agreed & (ulong)FuseCapabilities.Passthrough) != 0 ? 1u : 0,
        };
        var outcome = request.Reply(reply);
        if (outcome != Errno.OK) throw Refused(options, $"the kernel refused the answer to FUSE_INIT: {outcome}");
        return new FuseConnection(notifier, channel)
        {
            ProtocolMinor = (int)reply.Minor,
            Capabilities = (FuseCapabilities)(agreed & ~OverUring),
            Transport = (agreed & OverUring) != 0 ? FuseTransport.Uring : FuseTransport.Device,
            MaxWriteBytes = (int)reply.MaxWrite,
        };
    }

    private static int RoundUp(int bytes) => (bytes + PageBytes - 1) & -PageBytes;

    private static FuseMountException Refused(FuseMountOptions options, string reason) =>
        new(FuseMountFailure.Failed, options.Mountpoint, reason);
}
