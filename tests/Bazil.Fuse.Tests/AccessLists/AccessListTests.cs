namespace Bazil.Fuse.Tests.AccessLists;

public sealed class AccessListTests
{
    private const uint Nobody = uint.MaxValue;

    [Fact]
    public void List_survives_its_bytes()
    {
        var bytes = Bytes((1, 6, Nobody), (2, 7, 1000), (4, 4, Nobody), (0x10, 6, Nobody), (0x20, 0, Nobody));
        Assert.True(AccessList.TryParse(bytes, out var list));
        Assert.Equal(bytes, list!.ToBytes());
        Assert.False(list.IsMode);
        Assert.Equal(new AccessListEntry(AccessListTag.User, 7, 1000), list.Entries[1]);
    }

    [Fact]
    public void Group_bits_of_the_mode_are_the_mask()
    {
        var list = Parse((1, 6, Nobody), (2, 7, 1000), (4, 1, Nobody), (0x10, 5, Nobody), (0x20, 4, Nobody));
        Assert.Equal(Octal("4654"), list.ApplyTo(Octal("4777")));
        Assert.Equal(list.WithMode(Octal("0712")).ToBytes(), Bytes((1, 7, Nobody), (2, 7, 1000), (4, 1, Nobody), (0x10, 1, Nobody), (0x20, 2, Nobody)));
    }

    [Fact]
    public void Without_a_mask_the_group_bits_are_those_of_the_owning_group()
    {
        var list = Parse((1, 6, Nobody), (4, 1, Nobody), (0x20, 4, Nobody));
        Assert.True(list.IsMode);
        Assert.Equal(Octal("0614"), list.ApplyTo(0));
        Assert.Equal(list.WithMode(Octal("0753")).ToBytes(), Bytes((1, 7, Nobody), (4, 5, Nobody), (0x20, 3, Nobody)));
    }

    [Fact]
    public void Nobody_inherits_more_than_the_maker_asked_for()
    {
        var list = Parse((1, 7, Nobody), (2, 7, 1000), (4, 5, Nobody), (0x10, 7, Nobody), (0x20, 5, Nobody));
        var mode = Octal("2640");
        var inherited = list.Inherit(ref mode);
        Assert.Equal(Octal("2640"), mode);
        Assert.Equal(Bytes((1, 6, Nobody), (2, 7, 1000), (4, 5, Nobody), (0x10, 4, Nobody), (0x20, 0, Nobody)), inherited.ToBytes());
        mode = Octal("0777");
        list.Inherit(ref mode);
        Assert.Equal(Octal("0775"), mode);
    }

    [Fact]
    public void Bytes_that_are_no_list_are_refused()
    {
        var valid = Bytes((1, 6, Nobody), (2, 7, 1000), (4, 4, Nobody), (0x10, 6, Nobody), (0x20, 0, Nobody));
        for (var length = 0; length < valid.Length; length++) Assert.False(AccessList.TryParse(valid.AsSpan(0, length), out _));
        valid[0] = 3;
        Assert.False(AccessList.TryParse(valid, out _));
        Assert.False(AccessList.TryParse(Bytes((1, 6, Nobody), (2, 7, 1), (4, 4, Nobody), (0x20, 0, Nobody)), out _)); // no mask
        Assert.False(AccessList.TryParse(Bytes((1, 6, Nobody), (1, 6, Nobody), (4, 4, Nobody), (0x20, 0, Nobody)), out _));
        Assert.False(AccessList.TryParse(Bytes((4, 6, Nobody), (1, 6, Nobody), (0x20, 0, Nobody)), out _));
        Assert.False(AccessList.TryParse(Bytes((1, 8, Nobody), (4, 6, Nobody), (0x20, 0, Nobody)), out _));
        Assert.False(AccessList.TryParse(Bytes((1, 6, Nobody), (3, 6, Nobody), (4, 6, Nobody), (0x20, 0, Nobody)), out _));
        Assert.False(AccessList.TryParse(Bytes((1, 6, Nobody), (2, 6, Nobody), (4, 6, Nobody), (0x10, 6, Nobody), (0x20, 0, Nobody)), out _)); // nobody named
    }

    private static uint Octal(string text) => Convert.ToUInt32(text, 8);

    private static AccessList Parse(params (int Tag, int Permissions, uint Id)[] entries)
    {
        Assert.True(AccessList.TryParse(Bytes(entries), out var list));
        return list!;
    }

    private static byte[] Bytes(params (int Tag, int Permissions, uint Id)[] entries) =>
        [.. BitConverter.GetBytes(2), .. entries.SelectMany(entry => (byte[])[(byte)entry.Tag, 0, (byte)entry.Permissions, 0, .. BitConverter.GetBytes(entry.Id)])];
}
