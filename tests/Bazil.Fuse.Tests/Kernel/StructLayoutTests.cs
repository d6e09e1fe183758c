using System.Reflection;
using System.Runtime.InteropServices;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Transport.Uring;

namespace Bazil.Fuse.Tests.Kernel;

/// <summary>Sizes and offsets as a C compiler gives them for linux/fuse.h on a 64-bit machine.</summary>
public sealed class StructLayoutTests
{
    private static readonly Dictionary<Type, (int Size, int[] Offsets)> Expected = new()
    {
        [typeof(Abi.InHeader)] = (40, [0, 4, 8, 16, 24, 28, 32, 36, 38]),
        [typeof(Abi.OutHeader)] = (16, [0, 4, 8]),
        [typeof(Abi.InitIn)] = (64, [0, 4, 8, 12, 16, 20]),
        [typeof(Abi.InitOut)] = (64, [0, 4, 8, 12, 16, 18, 20, 24, 28, 30, 32, 36, 40, 42]),
        [typeof(Abi.InterruptIn)] = (8, [0]),
        [typeof(Abi.ForgetIn)] = (8, [0]),
        [typeof(Abi.ForgetOne)] = (16, [0, 8]),
        [typeof(Abi.BatchForgetIn)] = (8, [0, 4]),
        [typeof(Abi.Attr)] = (88, [0, 8, 16, 24, 32, 40, 48, 52, 56, 60, 64, 68, 72, 76, 80, 84]),
        [typeof(Abi.EntryOut)] = (128, [0, 8, 16, 24, 32, 36, 40]),
        [typeof(Abi.AttrOut)] = (104, [0, 8, 12, 16]),
        [typeof(Abi.GetAttrIn)] = (16, [0, 4, 8]),
        [typeof(Abi.SetAttrIn)] = (88, [0, 4, 8, 16, 24, 32, 40, 48, 56, 60, 64, 68, 72, 76, 80, 84]),
        [typeof(Abi.StatFsOut)] = (80, [0, 8, 16, 24, 32, 40, 44, 48, 52, 56]),
        [typeof(Abi.AccessIn)] = (8, [0, 4]),
        [typeof(Abi.SetXattrIn)] = (16, [0, 4, 8, 12]),
        [typeof(Abi.GetXattrIn)] = (8, [0, 4]),
        [typeof(Abi.GetXattrOut)] = (8, [0, 4]),
        [typeof(Abi.MakeNodeIn)] = (16, [0, 4, 8, 12]),
        [typeof(Abi.MakeDirectoryIn)] = (8, [0, 4]),
        [typeof(Abi.RenameIn)] = (8, [0]),
        [typeof(Abi.Rename2In)] = (16, [0, 8, 12]),
        [typeof(Abi.LinkIn)] = (8, [0]),
        [typeof(Abi.Dirent)] = (24, [0, 8, 16, 20]),
        [typeof(Abi.DirentPlus)] = (152, [0, 128]),
        [typeof(Abi.OpenIn)] = (8, [0, 4]),
        [typeof(Abi.OpenOut)] = (16, [0, 8, 12]),
        [typeof(Abi.CreateIn)] = (16, [0, 4, 8, 12]),
        [typeof(Abi.CreateOut)] = (144, [0, 128]),
        [typeof(Abi.ReleaseIn)] = (24, [0, 8, 12, 16]),
        [typeof(Abi.FlushIn)] = (24, [0, 8, 12, 16]),
        [typeof(Abi.ReadIn)] = (40, [0, 8, 16, 20, 24, 32, 36]),
        [typeof(Abi.WriteIn)] = (40, [0, 8, 16, 20, 24, 32, 36]),
        [typeof(Abi.WriteOut)] = (8, [0, 4]),
        [typeof(Abi.FsyncIn)] = (16, [0, 8, 12]),
        [typeof(Abi.SeekIn)] = (24, [0, 8, 16, 20]),
        [typeof(Abi.SeekOut)] = (8, [0]),
        [typeof(Abi.AllocateIn)] = (32, [0, 8, 16, 24, 28]),
        [typeof(Abi.CopyFileRangeIn)] = (56, [0, 8, 16, 24, 32, 40, 48]),
        [typeof(Abi.CopyFileRangeOut)] = (8, [0]),
        [typeof(Abi.InvalidateInodeOut)] = (24, [0, 8, 16]),
        [typeof(Abi.InvalidateEntryOut)] = (16, [0, 8, 12]),
        [typeof(Abi.PollWakeupOut)] = (8, [0]),
        [typeof(Abi.DeleteOut)] = (24, [0, 8, 16, 20]),
        [typeof(Abi.StoreOut)] = (24, [0, 8, 16, 20]),
        [typeof(Abi.RetrieveOut)] = (32, [0, 8, 16, 24, 28]),
        [typeof(Abi.RetrieveIn)] = (40, [0, 8, 16, 20, 24, 32]),
        [typeof(Abi.FileLock)] = (24, [0, 8, 16, 20]),
        [typeof(Abi.LockIn)] = (48, [0, 8, 16, 40, 44]),
        [typeof(Abi.LockOut)] = (24, [0]),
        [typeof(Abi.IoctlIn)] = (32, [0, 8, 12, 16, 24, 28]),
        [typeof(Abi.IoctlOut)] = (16, [0, 4, 8, 12]),
        [typeof(Abi.PollIn)] = (24, [0, 8, 16, 20]),
        [typeof(Abi.PollOut)] = (8, [0, 4]),
        [typeof(Abi.BackingMap)] = (16, [0, 4, 8]),
        [typeof(Abi.StatxIn)] = (24, [0, 4, 8, 16, 20]),
        [typeof(Abi.StatxTime)] = (16, [0, 8, 12]),
        [typeof(Abi.Statx)] = (256, [0, 4, 8, 16, 20, 24, 28, 30, 32, 40, 48, 56, 64, 80, 96, 112, 128, 132, 136, 140, 144]),
        [typeof(Abi.StatxOut)] = (288, [0, 8, 12, 16, 24, 32]),
        [typeof(UringAbi.Parameters)] = (120, [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 80]),
        [typeof(UringAbi.SubmissionOffsets)] = (40, [0, 4, 8, 12, 16, 20, 24, 28, 32]),
        [typeof(UringAbi.CompletionOffsets)] = (40, [0, 4, 8, 12, 16, 20, 24, 28, 32]),
        [typeof(UringAbi.Submission)] = (128, [0, 1, 2, 4, 8, 16, 24, 28, 32, 40, 42, 44, 48]),
        [typeof(UringAbi.CommandRequest)] = (24, [0, 8, 16, 18, 20]),
        [typeof(UringAbi.Completion)] = (16, [0, 8, 12]),
        [typeof(UringAbi.EntryInOut)] = (32, [0, 8, 16, 20, 24]),
    };

    [Fact]
    public void Every_kernel_struct_has_the_size_and_offsets_of_the_C_struct()
    {
        var structs = typeof(Abi).GetNestedTypes(BindingFlags.NonPublic).Concat(typeof(UringAbi).GetNestedTypes(BindingFlags.NonPublic)).Where(type => type.StructLayoutAttribute!.Value == LayoutKind.Sequential
            && type.GetCustomAttribute<System.Runtime.CompilerServices.InlineArrayAttribute>() is null).ToList();
        Assert.Equal(Expected.Count, structs.Count);
        foreach (var type in structs)
        {
            var (size, offsets) = Expected[type];
            var fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance).OrderBy(field => field.MetadataToken).ToList();
            Assert.Equal((type, size), (type, Marshal.SizeOf(type)));
            Assert.Equal((type, string.Join(' ', offsets)), (type, string.Join(' ', fields.Select(field => (int)Marshal.OffsetOf(type, field.Name)))));
        }
    }
}
