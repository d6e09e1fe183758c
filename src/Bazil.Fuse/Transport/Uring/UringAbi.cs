using System.Runtime.InteropServices;

namespace Bazil.Fuse.Transport.Uring;

/// <summary>Kernel structs of io_uring (linux/io_uring.h) and of FUSE over it (linux/fuse.h 7.42); C names in comments.</summary>
internal static class UringAbi
{
    internal const uint SetupCompletionSize = 1 << 3; // IORING_SETUP_CQSIZE
    internal const uint SetupSubmitAll = 1 << 7; // IORING_SETUP_SUBMIT_ALL
    internal const uint SetupLargeSubmissions = 1 << 10; // IORING_SETUP_SQE128
    internal const uint SetupSingleIssuer = 1 << 12; // IORING_SETUP_SINGLE_ISSUER
    internal const uint SetupDeferTaskRun = 1 << 13; // IORING_SETUP_DEFER_TASKRUN

    internal const uint FeatureSingleMap = 1 << 0; // IORING_FEAT_SINGLE_MMAP
    internal const uint EnterGetEvents = 1 << 0; // IORING_ENTER_GETEVENTS

    internal const long OffsetRings = 0; // IORING_OFF_SQ_RING
    internal const long OffsetSubmissions = 0x10000000; // IORING_OFF_SQES

    internal const byte OperationRead = 22; // IORING_OP_READ
    internal const byte OperationCommand = 46; // IORING_OP_URING_CMD

    internal const uint CommandRegister = 1; // FUSE_IO_URING_CMD_REGISTER
    internal const uint CommandCommitAndFetch = 2; // FUSE_IO_URING_CMD_COMMIT_AND_FETCH

    /// <summary>struct fuse_uring_req_header: in_out[128], op_in[128], ring_ent_in_out.</summary>
    internal const int HeadersBytes = 288;

    internal const int OperationOffset = 128;
    internal const int OperationBytes = 128;
    internal const int EntryOffset = 256;

    [StructLayout(LayoutKind.Sequential)]
    internal struct Parameters // struct io_uring_params
    {
        public uint SubmissionEntries; // sq_entries
        public uint CompletionEntries; // cq_entries
        public uint Flags; // flags
        public uint ThreadCpu; // sq_thread_cpu
        public uint ThreadIdle; // sq_thread_idle
        public uint Features; // features
        public uint WorkQueue; // wq_fd
        public uint Reserved0; // resv[3]
        public uint Reserved1;
        public uint Reserved2;
        public SubmissionOffsets Submission; // sq_off
        public CompletionOffsets Completion; // cq_off
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct SubmissionOffsets // struct io_sqring_offsets
    {
        public uint Head; // head
        public uint Tail; // tail
        public uint RingMask; // ring_mask
        public uint RingEntries; // ring_entries
        public uint Flags; // flags
        public uint Dropped; // dropped
        public uint Array; // array
        public uint Reserved; // resv1
        public ulong UserAddress; // user_addr
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CompletionOffsets // struct io_cqring_offsets
    {
        public uint Head; // head
        public uint Tail; // tail
        public uint RingMask; // ring_mask
        public uint RingEntries; // ring_entries
        public uint Overflow; // overflow
        public uint Completions; // cqes
        public uint Flags; // flags
        public uint Reserved; // resv1
        public ulong UserAddress; // user_addr
    }

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct Submission // struct io_uring_sqe with IORING_SETUP_SQE128
    {
        public byte Operation; // opcode
        public byte Flags; // flags
        public ushort Priority; // ioprio
        public int Descriptor; // fd
        public ulong Offset; // off, or cmd_op in its lower half
        public ulong Address; // addr
        public uint Length; // len
        public uint OperationFlags; // rw_flags
        public ulong UserData; // user_data
        public ushort BufferIndex; // buf_index
        public ushort Personality; // personality
        public int FileIndex; // file_index
        public CommandRequest Command; // cmd
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CommandRequest // struct fuse_uring_cmd_req
    {
        public ulong Flags; // flags
        public ulong CommitId; // commit_id
        public ushort QueueId; // qid
        public ushort Padding0; // padding[6]
        public uint Padding1;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Completion // struct io_uring_cqe
    {
        public ulong UserData; // user_data
        public int Result; // res
        public uint Flags; // flags
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct EntryInOut // struct fuse_uring_ent_in_out
    {
        public ulong Flags; // flags
        public ulong CommitId; // commit_id
        public uint PayloadBytes; // payload_sz
        public uint Padding; // padding
        public ulong Reserved; // reserved
    }
}
