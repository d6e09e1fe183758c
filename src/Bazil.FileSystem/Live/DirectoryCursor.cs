using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Where an open directory is being read. Offsets given to the kernel are ordinal numbers of entries; marks remember
/// the name at some of them, so that a read goes on by name, whatever was created or removed meanwhile. One thread at a time
/// (the kernel locks an open directory while it is read).
/// </summary>
internal sealed class DirectoryCursor
{
    /// <summary>The offset after <c>.</c> and <c>..</c>.</summary>
    public const long FirstEntry = 2;

    /// <summary>One mark for this many entries: a program that seeks back skips fewer than that.</summary>
    private const long MarkInterval = 256;

    private readonly SortedList<long, byte[]> _marks = [];
    private long _last;
    private byte[] _lastName = [];

    public void Rewind()
    {
        _marks.Clear();
        _last = 0;
        _lastName = [];
    }

    /// <summary>Notes that the entry before <paramref name="offset"/> has this name.</summary>
    public void Mark(long offset, FileName name)
    {
        _last = offset;
        _lastName = name.Span.ToArray();
        if (offset % MarkInterval == 0) _marks[offset] = _lastName;
    }

    /// <summary>The nearest known position at or before an offset: its offset, and the name that it follows (empty at the start).</summary>
    public (long Offset, byte[] After) Seek(long offset)
    {
        if (_last > 0 && _last == offset) return (_last, _lastName);
        for (int index = _marks.Count - 1; index >= 0; index--)
        {
            if (_marks.GetKeyAtIndex(index) <= offset) return (_marks.GetKeyAtIndex(index), _marks.GetValueAtIndex(index));
        }

        return (FirstEntry, []);
    }
}
