using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Where an open directory is being read. Offsets given to the kernel are ordinal numbers of entries; the names of the
/// last reply and one name in 256 before it are remembered, so that a read goes on by name, whatever was created or
/// removed meanwhile. The kernel may consume a reply in part and ask again from its middle. One thread at a time.
/// </summary>
internal sealed class DirectoryCursor
{
    /// <summary>The offset after <c>.</c> and <c>..</c>.</summary>
    public const long FirstEntry = 2;

    /// <summary>A program that seeks back further than the last reply skips fewer entries than this.</summary>
    private const long MarkInterval = 256;

    private readonly SortedList<long, byte[]> _marks = [];
    private readonly SortedList<long, byte[]> _recent = [];

    public void Rewind()
    {
        _marks.Clear();
        _recent.Clear();
    }

    /// <summary>Notes that the entry before <paramref name="offset"/> has this name.</summary>
    public void Mark(long offset, FileName name)
    {
        byte[] bytes = name.Span.ToArray();
        _recent[offset] = bytes;
        if (offset % MarkInterval == 0) _marks[offset] = bytes;
    }

    /// <summary>
    /// Starts a reply at an offset. Returns the nearest known position at or before it: its offset, and the name that it
    /// follows (empty at the start).
    /// </summary>
    public (long Offset, byte[] After) Seek(long offset)
    {
        (long Offset, byte[] After) found = _recent.TryGetValue(offset, out byte[]? name) ? (offset, name) : FindMark(offset);
        _recent.Clear();
        if (found.After.Length > 0) _recent[found.Offset] = found.After;
        return found;
    }

    private (long Offset, byte[] After) FindMark(long offset)
    {
        for (int index = _marks.Count - 1; index >= 0; index--)
        {
            if (_marks.GetKeyAtIndex(index) <= offset) return (_marks.GetKeyAtIndex(index), _marks.GetValueAtIndex(index));
        }

        return (FirstEntry, []);
    }
}
