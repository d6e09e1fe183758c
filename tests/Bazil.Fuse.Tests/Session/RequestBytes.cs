using System.Runtime.InteropServices;
using System.Text;
using Bazil.Fuse.Kernel;

namespace Bazil.Fuse.Tests.Session;

/// <summary>Requests as the kernel would write them.</summary>
internal static class RequestBytes
{
    internal const ulong Root = 1;

    /// <summary>The file that <see cref="All"/> makes first.</summary>
    internal const ulong File = 2;

    internal static byte[] Make(Opcode opcode, ulong unique, ulong node, params byte[][] arguments)
    {
        var body = arguments.SelectMany(bytes => bytes).ToArray();
        var header = new Abi.InHeader { Length = (uint)(40 + body.Length), Opcode = opcode, Unique = unique, NodeId = node };
        return [.. Bytes(header), .. body];
    }

    internal static byte[] Bytes<T>(T value)
        where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    internal static byte[] Name(string text) => Encoding.UTF8.GetBytes(text + "\0");

    /// <summary>One valid request for each operation with arguments, the first of which makes the file the others use.</summary>
    internal static IEnumerable<(Opcode Opcode, byte[] Bytes)> All()
    {
        (Opcode Opcode, ulong Node, byte[][] Arguments)[] requests =
        [
            (Opcode.Create, Root, [Bytes(new Abi.CreateIn { Mode = 0x1A4, Flags = 2 }), Name("file")]),
            (Opcode.Lookup, Root, [Name("file")]),
            (Opcode.GetAttr, File, [Bytes(default(Abi.GetAttrIn))]),
            (Opcode.SetAttr, File, [Bytes(new Abi.SetAttrIn { Valid = (uint)AttributeField.Mode, Mode = 0x180 })]),
            (Opcode.Symlink, Root, [Name("link"), Name("target")]),
            (Opcode.MakeNode, Root, [Bytes(new Abi.MakeNodeIn { Mode = FuseMode.Fifo }), Name("fifo")]),
            (Opcode.MakeDirectory, Root, [Bytes(new Abi.MakeDirectoryIn { Mode = 0x1ED }), Name("dir")]),
            (Opcode.Link, Root, [Bytes(new Abi.LinkIn { OldNodeId = File }), Name("hard")]),
            (Opcode.Rename, Root, [Bytes(new Abi.RenameIn { NewParent = Root }), Name("hard"), Name("hard2")]),
            (Opcode.Rename2, Root, [Bytes(new Abi.Rename2In { NewParent = Root }), Name("hard2"), Name("hard3")]),
            (Opcode.Unlink, Root, [Name("hard3")]),
            (Opcode.RemoveDirectory, Root, [Name("dir")]),
            (Opcode.Open, File, [Bytes(default(Abi.OpenIn))]),
            (Opcode.Write, File, [Bytes(new Abi.WriteIn { Size = 5 }), "bytes"u8.ToArray()]),
            (Opcode.Read, File, [Bytes(new Abi.ReadIn { Size = 100 })]),
            (Opcode.Seek, File, [Bytes(new Abi.SeekIn { Whence = (uint)SeekWhence.Hole })]),
            (Opcode.Allocate, File, [Bytes(new Abi.AllocateIn { Length = 10 })]),
            (Opcode.Release, File, [Bytes(default(Abi.ReleaseIn))]),
            (Opcode.TemporaryFile, Root, [Bytes(default(Abi.CreateIn))]),
            (Opcode.OpenDirectory, Root, [Bytes(default(Abi.OpenIn))]),
            (Opcode.ReadDirectory, Root, [Bytes(new Abi.ReadIn { Size = 4096 })]),
            (Opcode.ReadDirectoryPlus, Root, [Bytes(new Abi.ReadIn { Size = 4096 })]),
            (Opcode.ReleaseDirectory, Root, [Bytes(default(Abi.ReleaseIn))]),
            (Opcode.SetXattr, File, [Bytes(new Abi.SetXattrIn { Size = 3 })[..8], Name("user.x"), "abc"u8.ToArray()]),
            (Opcode.GetXattr, File, [Bytes(new Abi.GetXattrIn { Size = 100 }), Name("user.x")]),
            (Opcode.ListXattr, File, [Bytes(new Abi.GetXattrIn { Size = 100 })]),
            (Opcode.RemoveXattr, File, [Name("user.x")]),
            (Opcode.Flush, File, [Bytes(default(Abi.FlushIn))]),
            (Opcode.Fsync, File, [Bytes(default(Abi.FsyncIn))]),
            (Opcode.FsyncDirectory, Root, [Bytes(default(Abi.FsyncIn))]),
            (Opcode.Access, File, [Bytes(default(Abi.AccessIn))]),
            (Opcode.CopyFileRange, File, [Bytes(new Abi.CopyFileRangeIn { NodeIdOut = File })]),
            (Opcode.StatX, File, [Bytes(default(Abi.StatxIn))]),
            (Opcode.GetLock, File, [Bytes(new Abi.LockIn { Owner = 7, Lock = new Abi.FileLock { End = 10 } })]),
            (Opcode.SetLock, File, [Bytes(new Abi.LockIn { Owner = 7, Lock = new Abi.FileLock { End = 10, Type = 1 } })]),
            (Opcode.SetLockWait, File, [Bytes(new Abi.LockIn { Owner = 7, Lock = new Abi.FileLock { End = 10, Type = 2 } })]),
            (Opcode.Poll, File, [Bytes(default(Abi.PollIn))]),
            (Opcode.CopyFileRange64, File, [Bytes(new Abi.CopyFileRangeIn { NodeIdOut = File })]),
        ];
        return requests.Select((request, index) =>
            (request.Opcode, Make(request.Opcode, (ulong)(index + 1) * 2, request.Node, request.Arguments)));
    }
}
