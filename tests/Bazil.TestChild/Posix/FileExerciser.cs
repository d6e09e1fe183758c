using System.Runtime.InteropServices;
using System.Text;

namespace Bazil.TestChild.Posix;

/// <summary>
/// Random operations on one file, each compared with a plain array of bytes: reads and writes by call and by mapping, truncation both ways,
/// holes, zeroed ranges, reservations, copies within the file, closing and opening again. The array is kept in another file between two runs,
/// so that the file system can be mounted anew in between. The idea is fsx of Apple and NeXT.
/// </summary>
internal sealed unsafe class FileExerciser : IDisposable
{
    private const int SizeMax = 1 << 20;
    private const int LengthMax = 64 * 1024;
    private const int PageSize = 4096;
    private const int ChunkSize = 128 * 1024;
    private const int OpenReadWriteCreate = 2 | 0x40;
    private const int KeepSize = 1, PunchHole = 2, ZeroRange = 16;

    private readonly Random _random;
    private readonly byte[] _path;
    private readonly byte[] _model = new byte[SizeMax];
    private readonly byte[] _buffer = new byte[SizeMax];
    private readonly Queue<string> _last = new();
    private int _size;
    private int _file;

    private FileExerciser(int seed, string path)
    {
        _random = new Random(seed);
        _path = [.. Encoding.UTF8.GetBytes(path), 0];
        Open();
    }

    /// <returns>0 when everything was as in the model.</returns>
    internal static int Run(int seed, long count, string path, string modelPath)
    {
        using var exerciser = new FileExerciser(seed, path);
        long done = 0;
        try
        {
            exerciser.Load(modelPath);
            for (; done < count; done++) exerciser.Step();
            exerciser.VerifyAll();
            File.WriteAllBytes(modelPath, exerciser._model.AsSpan(0, exerciser._size));
            Console.WriteLine($"{done} operations, {exerciser._size} bytes");
            return 0;
        }
        catch (IOException exception)
        {
            Console.WriteLine($"BAZIL_SEED={seed}, operation {done}: {exception.Message}; the last ones: {string.Join("; ", exerciser._last)}");
            return 1;
        }
    }

    public void Dispose() => _ = Libc.Close(_file);

    private void Load(string modelPath)
    {
        if (!File.Exists(modelPath)) return;
        byte[] model = File.ReadAllBytes(modelPath);
        model.CopyTo(_model, 0);
        _size = model.Length;
        VerifyAll();
    }

    private void Step()
    {
        switch (_random.Next(100))
        {
            case < 25: Read(); break;
            case < 50: Write(); break;
            case < 60: ReadMapped(); break;
            case < 72: WriteMapped(); break;
            case < 78: Truncate(); break;
            case < 84: Zero(PunchHole | KeepSize); break;
            case < 88: Zero(ZeroRange | (_random.Next(2) * KeepSize)); break;
            case < 90: Reserve(); break;
            case < 97: Copy(); break;
            case < 98: Note("fsync", Libc.Sync(_file), 0, 0); break;
            default: Reopen(); break;
        }
    }

    private void Read()
    {
        (int offset, int length) = Range(SizeMax);
        nint count = Libc.Read(_file, _buffer, length, offset);
        Note("read", count < 0 ? -1 : 0, offset, length);
        Compare("read", offset, _buffer.AsSpan(0, (int)count), Math.Clamp(_size - offset, 0, length));
    }

    private void Write()
    {
        (int offset, int length) = Range(SizeMax);
        Span<byte> data = _buffer.AsSpan(0, length);
        _random.NextBytes(data);
        Note("write", Libc.Write(_file, data, length, offset) == length ? 0 : -1, offset, length);
        Put(offset, data);
    }

    private void ReadMapped()
    {
        if (_size == 0) return;
        (int offset, int length) = Range(_size);
        Map(offset, length, mapped => Compare("mapped read", offset, new ReadOnlySpan<byte>((byte*)mapped, length), length));
        Note("mapped read", 0, offset, length);
    }

    private void WriteMapped()
    {
        if (_size == 0) return;
        (int offset, int length) = Range(_size);
        _random.NextBytes(_buffer.AsSpan(0, length));
        bool syncs = _random.Next(10) == 0;
        Map(offset, length, mapped =>
        {
            _buffer.AsSpan(0, length).CopyTo(new Span<byte>((byte*)mapped, length));
            if (syncs) Note("msync", Libc.SyncMapping(mapped / PageSize * PageSize, length + (int)(mapped % PageSize), Libc.SynchronousMapping), offset, length);
        });
        Note("mapped write", 0, offset, length);
        Put(offset, _buffer.AsSpan(0, length));
    }

    private void Truncate()
    {
        int size = _random.Next(4) == 0 ? Edge(SizeMax) : _random.Next(SizeMax + 1);
        Note("truncate", Libc.Truncate(_file, (long)size), size, 0);
        SetSize(size);
    }

    private void Zero(int mode)
    {
        (int offset, int length) = Range(SizeMax);
        if (length == 0) return;
        Note($"fallocate {mode}", Libc.Allocate(_file, mode, offset, length), offset, length);
        if ((mode & KeepSize) == 0) SetSize(Math.Max(_size, offset + length));
        if (offset < _size) _model.AsSpan(offset, Math.Min(length, _size - offset)).Clear();
    }

    private void Reserve()
    {
        (int offset, int length) = Range(SizeMax);
        if (length == 0) return;
        bool keepsSize = _random.Next(2) == 0;
        Note("reserve", Libc.Allocate(_file, keepsSize ? KeepSize : 0, offset, length), offset, length);
        if (!keepsSize) SetSize(Math.Max(_size, offset + length));
    }

    private void Copy()
    {
        if (_size == 0) return;
        (int from, int length) = Range(_size);
        int to = _random.Next(3) switch
        {
            0 => Math.Min(SizeMax - length, (_random.Next(SizeMax) / ChunkSize * ChunkSize) + (from % ChunkSize)),
            _ => _random.Next(SizeMax - length + 1),
        };
        if (length == 0 || (from < to + length && to < from + length)) return;
        long source = from, target = to;
        nint count = Libc.CopyRange(_file, ref source, _file, ref target, length, 0);
        Note($"copy to {to}", count > 0 ? 0 : -1, from, length);
        byte[] copied = _model.AsSpan(from, (int)count).ToArray();
        Put(to, copied);
    }

    private void Reopen()
    {
        Note("close", Libc.Close(_file), 0, 0);
        Open();
        if (_random.Next(10) == 0) VerifyAll();
    }

    private void Open()
    {
        _file = Libc.Open(_path, OpenReadWriteCreate, 0x1A4);
        Note("open", _file, 0, 0);
    }

    private void VerifyAll()
    {
        if (Libc.Seek(_file, 0, 2) is var size && size != _size) throw new IOException($"the file has {size} bytes, not {_size}");
        nint count = Libc.Read(_file, _buffer, SizeMax, 0);
        Compare("read of all", 0, _buffer.AsSpan(0, (int)count), _size);
    }

    private void Map(int offset, int length, Action<nint> use)
    {
        if (length == 0) return;
        int start = offset / PageSize * PageSize, mappedLength = offset + length - start;
        nint mapped = Libc.Map(0, mappedLength, Libc.ReadAndWrite, Libc.SharedMapping, _file, start);
        Note("map", mapped == -1 ? -1 : 0, offset, length);
        try
        {
            use(mapped + offset - start);
        }
        finally
        {
            _ = Libc.Unmap(mapped, mappedLength);
        }
    }

    private (int Offset, int Length) Range(int end)
    {
        int offset = _random.Next(4) == 0 ? Edge(end) : _random.Next(end);
        int length = _random.Next(3) == 0 ? _random.Next(LengthMax) : _random.Next(PageSize * 2);
        return (offset, Math.Min(length, end - offset));
    }

    private int Edge(int end) => Math.Clamp((_random.Next((end / PageSize) + 1) * PageSize) + _random.Next(3) - 1, 0, end);

    private void Put(int offset, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) return;
        SetSize(Math.Max(_size, offset + data.Length));
        data.CopyTo(_model.AsSpan(offset));
    }

    private void SetSize(int size)
    {
        if (size < _size) _model.AsSpan(size, _size - size).Clear();
        _size = size;
    }

    private void Compare(string what, int offset, ReadOnlySpan<byte> found, int length)
    {
        ReadOnlySpan<byte> expected = length == 0 ? [] : _model.AsSpan(offset, length);
        if (found.SequenceEqual(expected)) return;
        int at = found.CommonPrefixLength(expected);
        throw new IOException($"{what} of {length} at {offset} gave {found.Length} bytes, the first difference is at {offset + at}, the size is {_size}");
    }

    private void Note(string what, int result, int offset, int length)
    {
        int error = Marshal.GetLastPInvokeError();
        if (_last.Count == 12) _last.Dequeue();
        _last.Enqueue($"{what} {offset}+{length}");
        if (result < 0) throw new IOException($"{what} {offset}+{length} failed with errno {error}");
    }
}
