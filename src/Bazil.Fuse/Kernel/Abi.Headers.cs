using System.Runtime.InteropServices;

namespace Bazil.Fuse.Kernel;

/// <summary>Kernel structs (linux/fuse.h 7.45): headers and session. Field order and widths are the kernel's; C names in comments.</summary>
internal static partial class Abi
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct InHeader // struct fuse_in_header
    {
        public uint Length; // len
        public Opcode Opcode; // opcode
        public ulong Unique; // unique
        public ulong NodeId; // nodeid
        public uint UserId; // uid
        public uint GroupId; // gid
        public uint ProcessId; // pid
        public ushort TotalExtensionLength; // total_extlen, in 8-byte units
        public ushort Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct OutHeader // struct fuse_out_header
    {
        public uint Length; // len
        public int Error; // error: 0 or -errno
        public ulong Unique; // unique
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct InitIn // struct fuse_init_in
    {
        public uint Major; // major
        public uint Minor; // minor
        public uint MaxReadahead; // max_readahead
        public uint Flags; // flags
        public uint Flags2; // flags2
        public InitInUnused Unused; // unused[11]
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct InitOut // struct fuse_init_out
    {
        public uint Major; // major
        public uint Minor; // minor
        public uint MaxReadahead; // max_readahead
        public uint Flags; // flags
        public ushort MaxBackground; // max_background
        public ushort CongestionThreshold; // congestion_threshold
        public uint MaxWrite; // max_write
        public uint TimeGranularity; // time_gran, in ns
        public ushort MaxPages; // max_pages
        public ushort MapAlignment; // map_alignment
        public uint Flags2; // flags2
        public uint MaxStackDepth; // max_stack_depth
        public ushort RequestTimeout; // request_timeout, in s
        public InitOutUnused Unused; // unused[11]
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct InterruptIn // struct fuse_interrupt_in
    {
        public ulong Unique; // unique
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ForgetIn // struct fuse_forget_in
    {
        public ulong Lookups; // nlookup
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ForgetOne // struct fuse_forget_one
    {
        public ulong NodeId; // nodeid
        public ulong Lookups; // nlookup
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct BatchForgetIn // struct fuse_batch_forget_in
    {
        public uint Count; // count
        public uint Dummy; // dummy
    }
}
