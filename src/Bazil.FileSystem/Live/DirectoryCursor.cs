using System.Runtime.InteropServices;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Where an open directory is being read. The offset after an entry is a hash of its name, the same for every reader: the kernel
/// keeps listings, and a reader of such a one may go on here, where it never was before. The names of the last reply are remembered, and of
/// what came before it the offsets and one name in 256, so that a read goes on by name, whatever was created or
/// removed meanwhile. The kernel may consume a reply in part and ask again from its middle. One thread at a time.
/// </summary>
/// <remarks>
/// The hash is FNV-1a of 64 bits, mixed once more. Two names of one offset would make a reader that goes on between them miss what lies there, if
/// the kernel asked for just that offset; among a million names that is one chance in ten million for there being such two.
/// </remarks>
internal sealed class DirectoryCursor
{
    /// <summary>The offset after <c>.</c> and <c>..</c>.</summary>
    public const long FirstEntry = 2;

    /// <summary>Of what lies further back than the last reply one name in so many is remembered.</summary>
    private const int MarkInterval = 256;

    /// <summary>Older offsets are looked for in the directory.</summary>
    private const int OffsetsMax = 256 * MarkInterval;

    /// <summary>The offsets that were given, in their order.</summary>
    private readonly List<long> _offsets = [];

    /// <summary>The name of every so manieth of them, beginning with the first.</summary>
    private readonly List<byte[]> _marks = [];
    private readonly Dictionary<long, byte[]> _recent = [];

    /// <summary>The offset after the entry of this name.</summary>
    public static long OffsetAfter(ReadOnlySpan<byte> name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte letter in name) hash = (hash ^ letter) * 0x100000001B3;
        hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93;
        long offset = (long)((hash ^ (hash >> 32)) >> 1);
        return offset > FirstEntry ? offset : offset + FirstEntry + 1;
    }

    public void Rewind()
    {
        _offsets.Clear();
        _marks.Clear();
        _recent.Clear();
    }

    /// <summary>Notes that the entry before <paramref name="offset"/> has this name.</summary>
    public void Mark(long offset, FileName name) => Mark(offset, name.Span.ToArray());

    /// <summary>
    /// Starts a reply at an offset that an entry has given. Returns the name after which it goes on; empty for the beginning, where a reader
    /// starts again that comes with an offset from elsewhere whose name is gone: it may get names twice, and misses none.
    /// </summary>
    /// <param name="offset">The offset.</param>
    /// <param name="namesAfter">The names of the directory after one of them, in order.</param>
    public byte[] Seek(long offset, Func<byte[], IEnumerable<FileName>> namesAfter)
    {
        int index = CollectionsMarshal.AsSpan(_offsets).LastIndexOf(offset);
        byte[] name = _recent.TryGetValue(offset, out byte[]? recent) ? recent : Find(offset, index, namesAfter);
        _recent.Clear();
        if (index < 0)
        {
            Rewind();
            if (name.Length > 0) Mark(offset, name);
            return name;
        }

        _offsets.RemoveRange(index + 1, _offsets.Count - index - 1);
        int marks = (index / MarkInterval) + 1;
        _marks.RemoveRange(marks, _marks.Count - marks);
        _recent[offset] = name;
        return name;
    }

    private void Mark(long offset, byte[] name)
    {
        if (_offsets.Count == OffsetsMax)
        {
            _offsets.Clear();
            _marks.Clear();
        }

        if (_offsets.Count % MarkInterval == 0) _marks.Add(name);
        _offsets.Add(offset);
        _recent[offset] = name;
    }

    /// <summary>Looks for the entry from the last mark before it. If it was removed, it goes on as many names after the mark as it was then.</summary>
    private byte[] Find(long offset, int index, Func<byte[], IEnumerable<FileName>> namesAfter)
    {
        byte[] from = index < 0 ? [] : _marks[index / MarkInterval];
        int left = index < 0 ? int.MaxValue : index % MarkInterval;
        FileName? last = null;
        if (left == 0) return from;
        foreach (FileName name in namesAfter(from))
        {
            last = name;
            if (OffsetAfter(name.Span) == offset) return name.Span.ToArray();
            if (--left == 0) break;
        }

        return index < 0 ? [] : last?.Span.ToArray() ?? from;
    }
}
