using Bazil.Unix;

namespace Bazil.Fuse.Kernel;

/// <summary>Between the public types and the kernel's structs.</summary>
internal static class AbiConversions
{
    internal static void Fill(this ref Abi.Attr target, in FuseAttributes source)
    {
        target.Inode = source.Inode;
        target.Size = (ulong)source.Size;
        target.Blocks = (ulong)source.Blocks;
        target.AccessTime = (ulong)source.AccessTime.Seconds;
        target.ModificationTime = (ulong)source.ModificationTime.Seconds;
        target.ChangeTime = (ulong)source.ChangeTime.Seconds;
        target.AccessTimeNs = source.AccessTime.Nanoseconds;
        target.ModificationTimeNs = source.ModificationTime.Nanoseconds;
        target.ChangeTimeNs = source.ChangeTime.Nanoseconds;
        target.Mode = source.Mode;
        target.LinkCount = source.LinkCount;
        target.UserId = source.UserId;
        target.GroupId = source.GroupId;
        target.Device = source.Device;
        target.BlockSize = source.BlockSize;
        target.Flags = 0;
    }

    internal static void Fill(this ref Abi.EntryOut target, in FuseEntry source)
    {
        target.NodeId = source.Node.Value;
        target.Generation = source.Generation;
        (target.EntryValid, target.EntryValidNs) = Split(source.EntryTimeout);
        (target.AttrValid, target.AttrValidNs) = Split(source.AttributeTimeout);
        target.Attr.Fill(source.Attributes);
    }

    internal static void Fill(this ref Abi.AttrOut target, in FuseTimedAttributes source)
    {
        (target.AttrValid, target.AttrValidNs) = Split(source.Timeout);
        target.Dummy = 0;
        target.Attr.Fill(source.Attributes);
    }

    /// <summary>FOPEN_PASSTHROUGH.</summary>
    private const uint OpenPassthrough = 1 << 7;

    /// <summary>FUSE_LK_FLOCK.</summary>
    private const uint LockIsFlock = 1;

    /// <summary>STATX_BASIC_STATS and STATX_BTIME.</summary>
    private const uint StatxBasic = 0x7FF;
    private const uint StatxBirthTime = 0x800;

    internal static Abi.OpenOut ToKernel(this FuseOpened opened) => new()
    {
        Handle = opened.Handle.Value,
        OpenFlags = (uint)opened.Flags | (opened.Backing.IsNone ? 0 : OpenPassthrough),
        BackingId = opened.Backing.Value,
    };

    /// <summary>The kernel's positions are signed; a type it does not know becomes none, which conflicts with nothing.</summary>
    internal static FuseLock ToLock(this in Abi.LockIn source) => new(
        (source.Flags & LockIsFlock) != 0 ? FuseLockKind.Flock : FuseLockKind.Posix,
        source.Lock.Type <= (uint)FuseLockType.Exclusive ? (FuseLockType)source.Lock.Type : FuseLockType.None,
        (long)Math.Min(source.Lock.Start, long.MaxValue),
        (long)Math.Min(source.Lock.End, long.MaxValue),
        source.Lock.ProcessId);

    internal static Abi.LockOut ToKernel(this in FuseLock source) => new()
    {
        Lock = new Abi.FileLock { Start = (ulong)source.Start, End = (ulong)source.End, Type = (uint)source.Type, ProcessId = source.ProcessId },
    };

    internal static Abi.StatxOut ToKernel(this in FuseStatx source)
    {
        var attributes = source.Attributes;
        var result = new Abi.StatxOut();
        (result.AttrValid, result.AttrValidNs) = Split(source.Timeout);
        result.Stat = new Abi.Statx
        {
            Mask = StatxBasic | (source.BirthTime is null ? 0 : StatxBirthTime),
            BlockSize = attributes.BlockSize,
            LinkCount = attributes.LinkCount,
            UserId = attributes.UserId,
            GroupId = attributes.GroupId,
            Mode = (ushort)attributes.Mode,
            Inode = attributes.Inode,
            Size = (ulong)attributes.Size,
            Blocks = (ulong)attributes.Blocks,
            AccessTime = Time(attributes.AccessTime),
            BirthTime = Time(source.BirthTime ?? default),
            ChangeTime = Time(attributes.ChangeTime),
            ModificationTime = Time(attributes.ModificationTime),
            DeviceMajor = (attributes.Device >> 8) & 0xFFF,
            DeviceMinor = (attributes.Device & 0xFF) | ((attributes.Device >> 12) & 0xFFF00),
        };
        return result;
    }

    internal static Abi.StatFsOut ToKernel(this in FuseStatFs source) => new()
    {
        Blocks = source.Blocks,
        BlocksFree = source.BlocksFree,
        BlocksAvailable = source.BlocksAvailable,
        Files = source.Files,
        FilesFree = source.FilesFree,
        BlockSize = source.BlockSize,
        NameLength = source.NameLength,
        FragmentSize = source.FragmentSize,
    };

    internal static AttributeChanges ToChanges(this in Abi.SetAttrIn source) => new()
    {
        Fields = (AttributeField)source.Valid,
        Mode = source.Mode,
        UserId = source.UserId,
        GroupId = source.GroupId,
        Size = (long)source.Size,
        AccessTime = new UnixTime((long)source.AccessTime, source.AccessTimeNs),
        ModificationTime = new UnixTime((long)source.ModificationTime, source.ModificationTimeNs),
        ChangeTime = new UnixTime((long)source.ChangeTime, source.ChangeTimeNs),
        Handle = new FuseHandle(source.Handle),
        LockOwner = source.LockOwner,
    };

    private static Abi.StatxTime Time(UnixTime time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };

    private static (ulong Seconds, uint Nanoseconds) Split(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero) return (0, 0);
        var (seconds, ticks) = Math.DivRem(timeout.Ticks, TimeSpan.TicksPerSecond);
        return ((ulong)seconds, (uint)(ticks * TimeSpan.NanosecondsPerTick));
    }
}
