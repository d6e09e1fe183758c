using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Xunit;

namespace Bazil.Storage.Tests.Arena.Index;

/// <summary>The format to the byte. When this fails, the version of the format must change.</summary>
public sealed class IndexGoldenTests
{
    [Fact]
    public void The_bytes_of_a_small_index_stay_what_they_are()
    {
        using var fixture = new IndexFixture(91);
        ObjectId first = Id(1);
        IndexEntry[] entries =
        [
            new(first, new SegmentLocation(5, 0x10)), new(Id(2), new SegmentLocation(6, 0x11223344)), new(Id(3), new SegmentLocation(5, 0x20)),
            new(first, new SegmentLocation(6, 0x30)),
        ];
        using IndexFile file = fixture.Build(entries, new IndexSeed(1, 2, 3, 4), new SealedSegment(5, 0xABCD), new SealedSegment(6, 0xEF01));
        Assert.Equal(Golden.Replace("\n", "", StringComparison.Ordinal), Convert.ToHexStringLower(File.ReadAllBytes(file.Path)));
    }

    private static ObjectId Id(byte value) => new([.. Enumerable.Repeat(value, ObjectId.Size)]);

    private const string Golden =
        """
        62617a696c69647801000000020000000300000001000000010000000a00000001000000000000000200000000000000030000000000000004000000
        00000000cc9a9b116e50d590030303030303030303030303030303030303030303030303030303030303030301010101010101010101010101010101
        010101010101010101010101010101010202020202020202020202020202020202020202020202020202020202020202000020000000010030000000
        0100443322110100000010000000000100004b4b092c80bf0000000000000000000000004763578c315f31f4df9ee3f405000000cdab000000000000
        0600000001ef000000000000
        """;
}
