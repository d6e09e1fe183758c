using Bazil.Core;
using Bazil.Storage.Arena;
using Bazil.Storage.Arena.Index;

namespace Bazil.Storage.Tests.Arena;

/// <summary>The table of a segment without index.</summary>
public class SegmentTableTests
{
    [Fact]
    public void Ids_that_a_peer_chose_to_look_alike_are_told_apart()
    {
        var table = new SegmentTable(IndexSeed.Create(new SeededEntropy(new Random(1))));
        for (int number = 1; number <= 10_000; number++) table.Add(Alike(number), (uint)number);

        int confused = 0;
        for (int number = 1; number <= 10_000; number++)
        {
            Assert.Equal((uint)number, table.FindBelow(Alike(number), (uint)number + 1));
            if (table.FindBelow(Alike(number), (uint)number) != 0) confused++;
            if (table.FindBelow(Alike(number + 10_000), uint.MaxValue) != 0) confused++;
        }

        Assert.InRange(confused, 0, 5); // 32 bits of a hash: one in forty runs has one
    }

    /// <summary>Ids that differ in their last four bytes only.</summary>
    private static ObjectId Alike(int number)
    {
        Span<byte> bytes = stackalloc byte[ObjectId.Size];
        BitConverter.TryWriteBytes(bytes[^sizeof(int)..], number);
        return new ObjectId(bytes);
    }
}
