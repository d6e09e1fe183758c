namespace Bazil.TestChild.Posix;

// Calls about content, through descriptors and by name.
internal sealed partial class Workload
{
    private const int WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, TruncateFlag = 0x200, Append = 0x400, NonBlocking = 0x800, NoFollow = 0x20000, Temporary = 0x410000;

    private Call OpenFile()
    {
        if (_open.Count >= OpenMax) return CloseFile();
        string path = Path();
        int flags = Pick(0, WriteOnly, ReadWrite, ReadWrite) | NonBlocking;
        if (random.Next(2) == 0) flags |= Create;
        if (random.Next(5) == 0) flags |= Exclusive;
        if (random.Next(4) == 0) flags |= TruncateFlag;
        if (random.Next(6) == 0) flags |= Append;
        if (random.Next(4) == 0) flags |= NoFollow;
        if (random.Next(12) == 0) flags = ReadWrite | Temporary;
        uint mode = Pick(Modes);
        int number = ++_lastDescriptor;
        _open.Add(number);
        return new Call($"open {Show(path)} {flags:x} {Octal(mode)} = {number}", side => OpenFile(side, number, path, flags, mode), path, ParentOf(path));
    }

    private static Outcome OpenFile(Side side, int number, string path, int flags, uint mode)
    {
        int descriptor = Libc.Open(side.At(path), flags, mode);
        Outcome outcome = Outcome.Done(descriptor);
        if (descriptor < 0) return outcome;

        // What opens on a device or a pipe is none of the file system's business.
        if (NodeStatus.OfDescriptor(descriptor) is { IsFile: true }) side.Open[number] = descriptor;
        else Libc.Close(descriptor);
        return outcome;
    }

    /// <summary>Forgets a number under which nothing was opened.</summary>
    public void Forget(Func<int, bool> isOpen) => _open.RemoveAll(number => !isOpen(number));

    private Call CloseFile()
    {
        if (Descriptor() is not { } number) return OpenFile();
        _open.Remove(number);
        return new Call($"close {number}", side =>
        {
            side.Open.Remove(number, out int descriptor);
            return Outcome.Of(Libc.Close(descriptor));
        });
    }

    private Call WriteFile()
    {
        if (Descriptor() is not { } number) return OpenFile();
        long offset = random.Next(60) == 0 ? (1L << 43) + Size() : Size();
        byte[] data = Data(random.Next(2) == 0 ? random.Next(1, 5000) : Size());
        return new Call($"pwrite {number} {Digest(data)} at {offset}", side => Outcome.Of(Libc.Write(side.Open[number], data, data.Length, offset), Status(side, number)));
    }

    private Call ReadFile()
    {
        if (Descriptor() is not { } number) return OpenFile();
        long offset = Size(), size = Size();
        return new Call($"pread {number} {size} at {offset}", side =>
        {
            byte[] data = new byte[size];
            nint count = Libc.Read(side.Open[number], data, data.Length, offset);
            return Outcome.Of(count, Digest(data.AsSpan(0, Math.Max(0, (int)count))));
        });
    }

    private Call Truncate()
    {
        long size = random.Next(30) == 0 ? 1L << 43 : random.Next(30) == 0 ? -1 : Size();
        if (random.Next(2) == 0)
        {
            string path = Path();
            return new Call($"truncate {Show(path)} {size}", side => Outcome.Of(Libc.Truncate(side.At(path), size)), path);
        }

        if (Descriptor() is not { } number) return OpenFile();
        return new Call($"ftruncate {number} {size}", side => Outcome.Of(Libc.Truncate(side.Open[number], size), Status(side, number)));
    }

    private Call Allocate()
    {
        if (Descriptor() is not { } number) return OpenFile();
        int mode = Pick(0, 1, 2 | 1, 2 | 1, 16, 16 | 1, 2);
        long offset = random.Next(30) == 0 ? -1 : Size(), length = random.Next(30) == 0 ? 0 : Size();
        return new Call($"fallocate {number} {mode} {offset} {length}", side => Outcome.Of(Libc.Allocate(side.Open[number], mode, offset, length), Status(side, number)));
    }

    private Call CopyRange()
    {
        if (Descriptor() is not { } from || Descriptor() is not { } to) return OpenFile();
        long at = random.Next(2) == 0 ? Pick(Sizes) : Size(), target = random.Next(2) == 0 ? at : Size(), length = Size();
        return new Call($"copy_file_range {from} {at} {to} {target} {length}", side =>
        {
            long done = 0;
            long sourceOffset = at, targetOffset = target;

            // How much one call copies is the kernel's choice.
            while (done < length)
            {
                nint count = Libc.CopyRange(side.Open[from], ref sourceOffset, side.Open[to], ref targetOffset, (nint)(length - done), 0);
                if (count < 0) return Outcome.Of(count);
                if (count == 0) break;
                done += count;
            }

            return Outcome.Of(done, Status(side, to));
        });
    }

    /// <summary>Where holes lie is the file system's choice; that they hold only zeros is checked, and what lies behind the end.</summary>
    private Call Seek()
    {
        if (Descriptor() is not { } number) return OpenFile();
        long offset = random.Next(20) == 0 ? 1L << 44 : Size();
        if (random.Next(3) == 0) return new Call($"fsync {number}", side => Outcome.Of(Libc.Sync(side.Open[number])));
        return new Call($"lseek {number} {offset}", side =>
        {
            int descriptor = side.Open[number];
            long size = NodeStatus.OfDescriptor(descriptor)!.Value.Size;
            if (offset >= size) return Outcome.Of(Libc.Seek(descriptor, offset, 4));
            long data = Libc.Seek(descriptor, offset, 3), hole = Libc.Seek(descriptor, offset, 4);
            long end = data < 0 ? size : data;
            if (hole < offset || hole > size || (data >= 0 && data < offset)) return new Outcome(Unix.Errno.EIO, offset, $"data {data} hole {hole} size {size}");
            byte[] skipped = new byte[Math.Min(end - offset, 1 << 20)];
            nint count = Libc.Read(descriptor, skipped, skipped.Length, offset);
            return count >= 0 && skipped.AsSpan().ContainsAnyExcept((byte)0) ? new Outcome(Unix.Errno.EIO, offset, "a hole holds data") : default;
        });
    }

    private static string Status(Side side, int number) => NodeStatus.OfDescriptor(side.Open[number])?.Describe() ?? "";
}
