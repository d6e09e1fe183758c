using Bazil.Core;
using Bazil.Remotes.Packs;

namespace Bazil.Remotes.Tests.Packs;

public sealed class PackFormatTests
{
    [Fact]
    public void Pack_is_to_the_byte_what_the_documentation_says()
    {
        byte[] pack = Make(2).Finish().ToArray();
        string hex = Convert.ToHexStringLower(pack);
        Assert.Equal("00" + "0101", hex[..6]);
        Assert.Equal(new string('0', 62) + "00" + "00000001" + Hash([0]), hex[6..(6 + 104)]);
        Assert.Equal(new string('0', 62) + "01" + "00000002" + Hash([1, 1]), hex[110..214]);
        Assert.Equal(Convert.ToHexStringLower("BAZPACK1"u8) + "00000002", hex[214..238]);
        Assert.Equal(3 + 2 * 52 + 44, pack.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public void Directory_is_read_back(int count)
    {
        PackBuilder builder = Make(count);
        byte[] pack = builder.Finish().ToArray();
        Assert.Equal(builder.Entries, PackFormat.ReadTail(pack.AsSpan(pack.Length - PackFormat.TailBytes(count)), pack.Length));
        Assert.Equal(count, PackFormat.ReadCount(pack.AsSpan(pack.Length - PackFormat.TrailerBytes), pack.Length));
    }

    [Fact]
    public void Damage_anywhere_in_the_directory_is_noticed()
    {
        byte[] pack = Make(3).Finish().ToArray();
        int tail = PackFormat.TailBytes(3);
        for (int at = pack.Length - tail; at < pack.Length; at++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                pack[at] ^= (byte)(1 << bit);
                Assert.Throws<WireFormatException>(() => PackFormat.ReadTail(pack.AsSpan(pack.Length - tail), pack.Length));
                pack[at] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void Directory_that_does_not_fit_the_size_of_the_pack_is_refused()
    {
        byte[] pack = Make(3).Finish().ToArray();
        int tail = PackFormat.TailBytes(3);
        foreach (int wrong in (int[])[-7, -1, 1, 100])
        {
            Assert.Throws<WireFormatException>(() => PackFormat.ReadTail(pack.AsSpan(pack.Length - tail), pack.Length + wrong));
        }
    }

    [Theory]
    [InlineData("packs/00/00000000000000000000000000000001.pack", true)]
    [InlineData("packs/01/00000000000000000000000000000001.pack", false)]
    [InlineData("packs/00/00000000000000000000000000000001", false)]
    [InlineData("packs/AB/AB000000000000000000000000000001.pack", false)]
    [InlineData("packs/00/readme", false)]
    public void Only_names_that_are_written_are_packs(string name, bool isPack) => Assert.Equal(isPack, PackId.TryParseFileName(name, out _));

    internal static ObjectId Id(int number)
    {
        byte[] bytes = new byte[ObjectId.Size];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(ObjectId.Size - 4), number);
        return new ObjectId(bytes);
    }

    /// <summary>Object n is n + 1 bytes of value n.</summary>
    private static PackBuilder Make(int count)
    {
        var builder = new PackBuilder(new PackId(1));
        for (int index = 0; index < count; index++)
        {
            byte[] bytes = Enumerable.Repeat((byte)index, index + 1).ToArray();
            builder.Add(Id(index), bytes, ObjectChecksum.Of(bytes));
        }

        return builder;
    }

    private static string Hash(byte[] bytes)
    {
        byte[] hash = new byte[16];
        Bazil.Core.Crypto.Blake2b.Hash(bytes, hash);
        return Convert.ToHexStringLower(hash);
    }
}
