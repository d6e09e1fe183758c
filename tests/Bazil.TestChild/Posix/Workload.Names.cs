using System.Buffers.Binary;
using System.Text;

namespace Bazil.TestChild.Posix;

// Calls about names.
internal sealed partial class Workload
{
    private const int CurrentDirectory = -100;
    private const int GetDirectoryEntries = 217; // getdents64 on x86-64
    private const int OpenDirectoryFlags = 0x10000;

    private Call MakeDirectory()
    {
        string path = Path();
        uint mode = Pick(Modes);
        return new Call($"mkdir {Show(path)} {Octal(mode)}", side => Outcome.Of(Libc.MakeDirectory(side.At(path), mode)), path, ParentOf(path));
    }

    private Call RemoveDirectory()
    {
        string path = Path();
        return new Call($"rmdir {Show(path)}", side => Outcome.Of(Libc.RemoveDirectory(side.At(path))), path, ParentOf(path));
    }

    private Call Unlink()
    {
        string path = Path();
        return new Call($"unlink {Show(path)}", side => Outcome.Of(Libc.Unlink(side.At(path))), path, ParentOf(path));
    }

    private Call Rename()
    {
        string from = Path(), to = Path();
        uint flags = Pick<uint>(0, 0, 0, 1, 2, 2, 3);
        return new Call(
            $"renameat2 {Show(from)} {Show(to)} {flags}",
            side => Outcome.Of(Libc.Rename(CurrentDirectory, side.At(from), CurrentDirectory, side.At(to), flags)),
            from, to, ParentOf(from), ParentOf(to));
    }

    private Call Link()
    {
        string from = Path(), to = Path();
        int flags = Pick(0, 0, 0x400);
        return new Call(
            $"linkat {Show(from)} {Show(to)} {flags:x}",
            side => Outcome.Of(Libc.Link(CurrentDirectory, side.At(from), CurrentDirectory, side.At(to), flags)),
            from, to, ParentOf(to));
    }

    private Call Symlink()
    {
        string path = Path();
        if (random.Next(3) == 0)
        {
            return new Call($"readlink {Show(path)}", side =>
            {
                byte[] target = new byte[5000];
                nint count = Libc.ReadLink(side.At(path), target, target.Length);
                return Outcome.Of(count, count > 0 ? Encoding.Latin1.GetString(target, 0, (int)count) : "");
            });
        }

        string to = Pick("a", "b", "c/d", "../a", "nowhere", "a/b", ".", "loop", "", new string('t', 4095));
        return new Call($"symlink {Show(to)} {Show(path)}", side => Outcome.Of(Libc.MakeSymlink([.. Encoding.Latin1.GetBytes(to), 0], side.At(path))), path, ParentOf(path));
    }

    private Call MakeNode()
    {
        string path = Path();
        uint type = Pick<uint>(0x1000, 0x2000, 0x6000, 0xC000, 0x8000, 0), mode = Pick(Modes) & 0x1FF;
        ulong device = type is 0x2000 or 0x6000 ? Pick<ulong>(0x103, 0x801, 0x12345) : 0;
        return new Call($"mknod {Show(path)} {Octal(type | mode)} {device:x}", side => Outcome.Of(Libc.MakeNode(side.At(path), type | mode, device)), path, ParentOf(path));
    }

    private Call List()
    {
        string path = random.Next(3) == 0 ? "" : Path();
        return new Call($"list {Show(path)}", side => List(side.At(path)));
    }

    /// <summary>The names of a directory in order, with their types; inode 0 and offsets are the file system's own affair.</summary>
    internal static Outcome List(byte[] path)
    {
        int descriptor = Libc.Open(path, OpenDirectoryFlags, 0);
        if (descriptor < 0) return Outcome.Of(descriptor);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        byte[] buffer = new byte[32768];
        nint count;
        while ((count = Libc.ReadDirectory(GetDirectoryEntries, descriptor, buffer, buffer.Length)) > 0)
        {
            for (int at = 0; at < count; at += BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(at + 16)))
            {
                ReadOnlySpan<byte> name = buffer.AsSpan(at + 19);
                names.Add($"{Encoding.Latin1.GetString(name[..name.IndexOf((byte)0)])}:{buffer[at + 18]}");
            }
        }

        Outcome outcome = Outcome.Of(count, string.Join(' ', names));
        Libc.Close(descriptor);
        return outcome;
    }
}
