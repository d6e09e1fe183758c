using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Bazil.Core;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Session;
using Bazil.Unix;

namespace Bazil.Fuse.Transport.Uring;

/// <summary>
/// One place of a queue: memory that the kernel writes a request into and reads its answer from, and the request object
/// bound to it. The kernel has it or we have it, never both: an answer is only written here, and the place goes back to
/// the kernel, which then takes the answer, when the request is over.
/// </summary>
/// <remarks>
/// <code>
/// headers:  0  in_out[128]  128  op_in[128]  256  ring_ent_in_out  288
/// payload:  names, data of a write, data of an answer (the data area of the request's buffer)
/// </code>
/// </remarks>
internal sealed unsafe class UringEntry : IReplyChannel, IRequestHome, IDisposable
{
    private readonly UringQueue _queue;
    private readonly int _payloadBytes;
    private byte* _headers;

    internal UringEntry(UringQueue queue, int index, int payloadBytes)
    {
        _queue = queue;
        _payloadBytes = payloadBytes;
        Index = index;
        Request = new FuseRequest(payloadBytes, this);
        _headers = (byte*)NativeMemory.AllocZeroed((nuint)(UringAbi.HeadersBytes + (2 * sizeof(Libc.IoVector))));
        Vectors = (Libc.IoVector*)(_headers + UringAbi.HeadersBytes);
        Vectors[0] = new Libc.IoVector { Base = _headers, Length = UringAbi.HeadersBytes };
        Vectors[1] = new Libc.IoVector { Base = Payload, Length = (nuint)payloadBytes };
    }

    internal int Index { get; }

    internal FuseRequest Request { get; }

    /// <summary>What the kernel is told when the entry is registered.</summary>
    internal Libc.IoVector* Vectors { get; }

    /// <summary>A request has come by it at least once, so it is registered.</summary>
    internal bool IsRegistered { get; set; }

    /// <summary>Which request an answer is for. The answer overwrites the header, so it is kept.</summary>
    internal ulong CommitId { get; private set; }

    internal Opcode Opcode => ((Abi.InHeader*)_headers)->Opcode;

    private byte* Payload => Request.Buffer.Pointer + NativeBuffer.DataOffset;

    private UringAbi.EntryInOut* InOut => (UringAbi.EntryInOut*)(_headers + UringAbi.EntryOffset);

    /// <summary>The kernel has put a request here. False when it is none.</summary>
    internal bool TryBegin()
    {
        CommitId = InOut->CommitId;
        var begun = Request.TryBegin(
            this, _headers, _headers + UringAbi.OperationOffset, UringAbi.OperationBytes, (int)Math.Min(InOut->PayloadBytes, int.MaxValue));
        // What the kernel finds if nobody answers: the answer to a notification wants none.
        Write(CommitId, begun ? 0 : -(int)Errno.EIO, 0);
        return begun;
    }

    public Errno Reply(ulong unique, Errno error, ReadOnlySpan<byte> body)
    {
        Invariant.Check(body.Length <= _payloadBytes);
        // Data that was read into the memory of the request lies where it must.
        if (!Unsafe.AreSame(ref MemoryMarshal.GetReference(body), ref *Payload)) body.CopyTo(new Span<byte>(Payload, _payloadBytes));
        Write(unique, -(int)error, body.Length);
        return _queue.IsOpen ? Errno.OK : Errno.ECONNABORTED;
    }

    public void Return(FuseRequest request)
    {
        request.Reset();
        _queue.Commit(this);
    }

    public void Dispose()
    {
        Request.Dispose();
        NativeMemory.Free(_headers);
        _headers = null;
    }

    private void Write(ulong unique, int error, int bodyBytes)
    {
        var header = (Abi.OutHeader*)_headers;
        header->Length = (uint)(sizeof(Abi.OutHeader) + bodyBytes);
        header->Error = error;
        header->Unique = unique;
        InOut->PayloadBytes = (uint)bodyBytes;
    }
}
