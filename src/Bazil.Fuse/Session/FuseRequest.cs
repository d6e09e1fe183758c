using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Bazil.Core;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Transport;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>
/// A request from the moment it is read until its answer is sent: its bytes, the memory its handler is lent, its
/// cancellation and the way back. Pooled. Belongs to one thread at a time: the one that read it, then whoever
/// completes its handler.
/// </summary>
/// <remarks>
/// A read needs no room for its arguments once they are parsed, so the data area of the buffer, where a write finds its
/// payload, is what a read is lent to fill.
/// <code>
/// 0         40             80 = page boundary
/// | header  | operation    | names, data of a write, room for the answer of a read |
/// </code>
/// </remarks>
internal sealed class FuseRequest : IDisposable
{
    private CancellationTokenSource _cancellation = new();
    private bool _replied;

    internal FuseRequest(int dataBytes) => Buffer = new NativeBuffer(dataBytes);

    internal NativeBuffer Buffer { get; }

    internal Abi.InHeader Header { get; private set; }

    internal DirectoryBuffer Directory { get; } = new();

    internal FuseNodeId Node => new(Header.NodeId);

    internal RequestContext Context => new(Header.Unique, Header.UserId, Header.GroupId, Header.ProcessId);

    internal CancellationToken Token => _cancellation.Token;

    internal bool Replied => _replied;

    /// <summary>Most data the kernel takes as the answer; set by the operations that are asked for data.</summary>
    internal uint AskedBytes { get; set; }

    /// <summary>Somebody took the cancellation source to cancel it. Guarded by the lock of <see cref="RequestsInFlight"/>.</summary>
    internal bool Interrupted { get; private set; }

    private IReplyChannel? Channel { get; set; }

    /// <summary>Takes the header from the buffer. False when the bytes are no request at all.</summary>
    internal bool TryBegin(IReplyChannel channel, int length)
    {
        Channel = channel;
        _replied = false;
        if (length < Unsafe.SizeOf<Abi.InHeader>() || length > Buffer.Length) return false;
        Header = MemoryMarshal.Read<Abi.InHeader>(Buffer.Span);
        var extensionBytes = Header.TotalExtensionLength * sizeof(ulong);
        return Header.Length == (uint)length && length - Unsafe.SizeOf<Abi.InHeader>() >= extensionBytes;
    }

    /// <summary>The arguments, without the extensions at their end.</summary>
    internal RequestReader OpenReader()
    {
        var start = Unsafe.SizeOf<Abi.InHeader>();
        var end = (int)Header.Length - (Header.TotalExtensionLength * sizeof(ulong));
        return new RequestReader(Buffer.Span[start..end]);
    }

    /// <summary>The data area, for an answer or as the payload of a write.</summary>
    internal Memory<byte> Data(int length) => Buffer.Memory.Slice(NativeBuffer.DataOffset, length);

    internal bool FitsData(uint length) => length <= (uint)(Buffer.Length - NativeBuffer.DataOffset);

    internal Errno Reply(Errno error) => Reply(error, default);

    internal Errno Reply<T>(in T body)
        where T : unmanaged =>
        Reply(Errno.OK, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in body)));

    /// <summary>Sends the answer, the first and only one.</summary>
    internal Errno Reply(Errno error, ReadOnlySpan<byte> body)
    {
        Invariant.Check(!_replied && Channel is not null);
        _replied = true;
        return Channel.Reply(Header.Unique, error, body);
    }

    /// <summary>Forgets and interrupts have no answer.</summary>
    internal void WaiveReply() => _replied = true;

    /// <summary>Hands out the source for cancelling; the request will not use it again. Under the lock of <see cref="RequestsInFlight"/>.</summary>
    internal CancellationTokenSource TakeCancellation()
    {
        Interrupted = true;
        return _cancellation;
    }

    /// <summary>Makes ready for the next request. No interrupt can reach it any more.</summary>
    internal void Reset()
    {
        Channel = null;
        Directory.TakeBack();
        // A source that an interrupt has taken may be in the middle of its callbacks: it is left to the collector.
        if (Interrupted || !_cancellation.TryReset()) _cancellation = new CancellationTokenSource();
        Interrupted = false;
    }

    public void Dispose()
    {
        ((IDisposable)Buffer).Dispose();
        _cancellation.Dispose();
    }
}
