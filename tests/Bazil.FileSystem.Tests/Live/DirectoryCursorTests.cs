using System.Text;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Tests.Live;

public sealed class DirectoryCursorTests
{
    private const int Count = 1000;
    private readonly List<FileName> _names = [.. Enumerable.Range(0, Count).Select(Name)];

    [Fact]
    public void Offsets_are_positive_differ_and_leave_room_for_the_two_dots()
    {
        HashSet<long> offsets = [.. Enumerable.Range(0, 100_000).Select(number => DirectoryCursor.OffsetAfter(Name(number).Span))];
        Assert.Equal(100_000, offsets.Count);
        Assert.All(offsets, offset => Assert.True(offset > DirectoryCursor.FirstEntry));
    }

    [Fact]
    public void Reader_finds_each_of_its_positions_again()
    {
        DirectoryCursor cursor = ReadAll();
        foreach (int at in new[] { Count - 1, 3, 0, 700, 255, 256, 257, 512 }) Assert.Equal(Text(at), Seek(cursor, at));
    }

    [Fact]
    public void Reader_who_comes_with_an_offset_from_elsewhere_goes_on_behind_that_name() => Assert.Equal(Text(321), Seek(new DirectoryCursor(), 321));

    [Fact]
    public void Reader_who_comes_with_an_offset_whose_name_is_gone_begins_again()
    {
        _names.RemoveAt(321);
        Assert.Equal("", Seek(new DirectoryCursor(), 321));
    }

    [Fact]
    public void Reader_whose_last_name_is_gone_goes_on_where_it_was()
    {
        DirectoryCursor cursor = ReadAll();
        _names.Clear();
        Assert.Equal(Text(Count - 1), Seek(cursor, Count - 1));
    }

    [Fact]
    public void Position_before_the_last_reply_whose_name_is_gone_is_off_by_fewer_than_256_names()
    {
        DirectoryCursor cursor = ReadAll();
        Seek(cursor, Count - 1);
        _names.RemoveRange(600, 50);
        string found = Seek(cursor, 620);
        Assert.InRange(_names.FindIndex(name => name.ToString() == found), 620 - 256, 620);
    }

    [Fact]
    public void Positions_are_remembered_within_a_bound_and_found_beyond_it()
    {
        const int many = 200_000;
        var cursor = new DirectoryCursor();
        _names.Clear();
        for (int number = 0; number < many; number++)
        {
            _names.Add(Name(number));
            long offset = DirectoryCursor.OffsetAfter(_names[^1].Span);
            if (number % 100 == 99) cursor.Seek(DirectoryCursor.OffsetAfter(_names[^2].Span), After);
            cursor.Mark(offset, _names[^1]);
        }

        Assert.Equal(Text(5), Seek(cursor, 5));
    }

    private static FileName Name(int number) => FileName.Parse(Text(number));

    private static string Text(int number) => $"file-{number:D6}";

    private DirectoryCursor ReadAll()
    {
        var cursor = new DirectoryCursor();
        foreach (FileName name in _names) cursor.Mark(DirectoryCursor.OffsetAfter(name.Span), name);
        return cursor;
    }

    private string Seek(DirectoryCursor cursor, int number) => Encoding.UTF8.GetString(cursor.Seek(DirectoryCursor.OffsetAfter(Name(number).Span), After));

    private IEnumerable<FileName> After(byte[] name) =>
        name.Length == 0 ? _names : _names.SkipWhile(other => string.CompareOrdinal(other.ToString(), Encoding.UTF8.GetString(name)) <= 0);
}
