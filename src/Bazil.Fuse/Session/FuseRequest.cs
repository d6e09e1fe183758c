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
/// From the device, everything lies in the buffer. From io_uring, header and arguments lie in memory of their own, and only
/// names and data, the payload, in the data area of the buffer.
/// A read needs no room for its arguments once they are parsed, so the data area of the buffer, where a write finds its
/// payload, is what a read is lent to fill.
/// <code>
/// 0         40             80 = page boundary
/// | header  | operation    | names, data of a write, room for the answer of a read |
/// </code>
/// </remarks>
internal sealed unsafe class FuseRequest : IDisposable
{
    private readonly IRequestHome? _home;
    private byte* _arguments;
    private int _argumentBytes;
    private int _payloadBytes;
    private CancellationTokenSource _cancellation = new();
    private bool _replied;

    internal FuseRequest(int dataBytes, IRequestHome? home = null)
    {
        Buffer = new NativeBuffer(dataBytes);
        _home = home;
    }

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

    private int ExtensionBytes => Header.TotalExtensionLength * sizeof(ulong);

    /// <summary>Takes the header from the buffer. False when the bytes are no request at all.</summary>
    internal bool TryBegin(IReplyChannel channel, int length)
    {
        Channel = channel;
        _replied = false;
        if (length < sizeof(Abi.InHeader) || length > Buffer.Length) return false;
        Header = MemoryMarshal.Read<Abi.InHeader>(Buffer.Span);
        if (Header.Length != (uint)length) return false;
        _arguments = Buffer.Pointer + sizeof(Abi.InHeader);
        _argumentBytes = length - sizeof(Abi.InHeader) - ExtensionBytes;
        _payloadBytes = 0;
        return _argumentBytes >= 0;
    }

    /// <summary>Takes the header from where io_uring puts it; the payload is in the data area already.</summary>
    internal bool TryBegin(IReplyChannel channel, byte* header, byte* arguments, int mostArgumentBytes, int payloadBytes)
    {
        Channel = channel;
        _replied = false;
        Header = Unsafe.ReadUnaligned<Abi.InHeader>(header);
        if (!FitsData((uint)payloadBytes) || Header.Length > (uint)Buffer.Length + mostArgumentBytes) return false;
        _arguments = arguments;
        _argumentBytes = (int)Header.Length - sizeof(Abi.InHeader) - payloadBytes;
        _payloadBytes = payloadBytes - ExtensionBytes;
        return _argumentBytes >= 0 && _argumentBytes <= mostArgumentBytes && _payloadBytes >= 0;
    }

    /// <summary>The arguments, without the extensions at their end.</summary>
    internal RequestReader OpenReader() =>
        new(new ReadOnlySpan<byte>(_arguments, _argumentBytes), new ReadOnlySpan<byte>(Buffer.Pointer + NativeBuffer.DataOffset, _payloadBytes));

    /// <summary>Gives a request back whose handler ran on after its thread went for the next.</summary>
    internal void Return()
    {
        if (_home is null) Dispose();
        else _home.Return(this);
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
