using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>The bytes of a request.</summary>
public sealed class PullRequestTests
{
    private static readonly ReplicaId Replica = new((UInt128)0x0123456789abcdef << 64 | 0xfedcba9876543210);
    private static readonly Knowledge Known = Knowledge.Of([KeyValuePair.Create(Replica, 7UL)]);

    public static TheoryData<string, string> Samples => new()
    {
        { "path", "0503" + "02" + "0164" + "02c3a4" + "01" + "0123456789abcdeffedcba9876543210" + "07" },
        { "nodes", "0502" + "01" + "0000000000000005" + "0123456789abcdeffedcba9876543210" + "01" + "01" + "0123456789abcdeffedcba9876543210" + "07" },
        { "lists", "0504" + "02" + string.Concat(Enumerable.Repeat("c3", 32)) + string.Concat(Enumerable.Repeat("d4", 32)) },
        { "any nodes", "0502" + "01" + "0000000000000005" + "0123456789abcdeffedcba9876543210" + "00" },
        { "changes after an interruption", "0501" + Convert.ToHexStringLower(PullRequest.DigestOf(Known)) + new string('0', 64) + "02" + "01" + "0123456789abcdeffedcba9876543210" + "07" + "01" + "0123456789abcdeffedcba9876543210" + "07" + "0000000000000005" + "0123456789abcdeffedcba9876543210" },
        { "changes", "0501" + Convert.ToHexStringLower(PullRequest.DigestOf(Known)) + new string('0', 64) + "01" + "01" + "0123456789abcdeffedcba9876543210" + "07" },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void Format_is_as_documented(string kind, string golden)
    {
        string encoded = Convert.ToHexStringLower(Sample(kind).Encode());
        Assert.Equal(golden, encoded);
        PullRequest decoded = PullRequest.Decode(Convert.FromHexString(encoded));
        Assert.Equal(encoded, Convert.ToHexStringLower(decoded.Encode()));
        Assert.Equal(kind is "any nodes" or "lists" ? null : Known, decoded.Knowledge);
        Assert.Equal(kind == "path", decoded.AsksForPath);
        Assert.Equal(kind == "lists", decoded.AsksForLists);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Anything_else_is_refused(string kind, string golden)
    {
        Assert.NotEmpty(golden);
        byte[] good = Sample(kind).Encode();
        for (int length = 0; length < good.Length; length++) Assert.Throws<WireFormatException>(() => PullRequest.Decode(good.AsSpan(0, length)));
        Assert.Throws<WireFormatException>(() => PullRequest.Decode([.. good, 0]));
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] flipped = [.. good];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Assert.NotEqual(Convert.ToHexStringLower(good), Convert.ToHexStringLower(PullRequest.Decode(flipped).Encode()));
            }
            catch (WireFormatException)
            {
                // Refused.
            }
        }
    }

    [Theory]
    [InlineData("05030100")]       // an empty name
    [InlineData("0503010161ff")]   // knowledge that is none
    [InlineData("0503012e00")]
    [InlineData("05030101 2e 00")] // .
    [InlineData("05030101 2f 00")] // a slash
    [InlineData("0503 00 00")]     // no name at all
    public void Path_of_names_that_no_file_can_have_is_refused(string bytes) =>
        Assert.Throws<WireFormatException>(() => PullRequest.Decode(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal))));

    private static PullRequest Sample(string kind) => kind switch
    {
        "path" => PullRequest.ForPath(Known, [FileName.Parse("d"u8), FileName.Parse(Encoding.UTF8.GetBytes("ä"))]),
        "nodes" => PullRequest.ForNodes([new NodeId(new Version(5, Replica))]) with { Knowledge = Known },
        "lists" => PullRequest.ForLists([[.. Enumerable.Repeat((byte)0xC3, 32)], [.. Enumerable.Repeat((byte)0xD4, 32)]]),
        "any nodes" => PullRequest.ForNodes([new NodeId(new Version(5, Replica))]),
        "changes after an interruption" => PullRequest.Changes(Known, withKnowledge: true) with { Resume = new ResumePoint(Known, new NodeId(new Version(5, Replica))) },
        _ => PullRequest.Changes(Known, withKnowledge: true),
    };
}
