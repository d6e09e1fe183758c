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

    internal static Abi.OpenOut ToKernel(this FuseOpened opened) =>
        new() { Handle = opened.Handle.Value, OpenFlags = (uint)opened.Flags };

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

    private static (ulong Seconds, uint Nanoseconds) Split(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero) return (0, 0);
        var (seconds, ticks) = Math.DivRem(timeout.Ticks, TimeSpan.TicksPerSecond);
        return ((ulong)seconds, (uint)(ticks * TimeSpan.NanosecondsPerTick));
    }
}
