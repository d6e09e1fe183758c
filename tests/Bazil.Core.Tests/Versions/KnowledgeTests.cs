namespace Bazil.Core.Tests.Versions;

/// <summary>Knowledge against a dictionary that does the same, entry by entry.</summary>
public sealed class KnowledgeTests
{
    [Fact]
    public void Does_what_a_dictionary_does()
    {
        var random = new Random(1);
        for (int round = 0; round < 5000; round++)
        {
            (Knowledge a, Dictionary<ReplicaId, ulong> x) = Some(random);
            (Knowledge b, Dictionary<ReplicaId, ulong> y) = Some(random);
            HashSet<ReplicaId> all = [.. x.Keys, .. y.Keys];

            Check(a, x);
            Check(a.Join(b), all.ToDictionary(id => id, id => Math.Max(x.GetValueOrDefault(id), y.GetValueOrDefault(id))));
            Check(a.Meet(b), all.ToDictionary(id => id, id => Math.Min(x.GetValueOrDefault(id), y.GetValueOrDefault(id))));
            Assert.Equal(x.All(entry => entry.Value <= y.GetValueOrDefault(entry.Key)), a.IsCoveredBy(b));
            Assert.Equal(a.IsCoveredBy(b) && b.IsCoveredBy(a), a.Equals(b));
            var version = new Version((ulong)random.Next(0, 5), Id(random));
            Dictionary<ReplicaId, ulong> with = new(x) { [version.Replica] = Math.Max(version.Tick, x.GetValueOrDefault(version.Replica)) };
            Check(a.With(version), with);
            Assert.Equal(version.Tick <= x.GetValueOrDefault(version.Replica), a.Covers(version));
        }
    }

    private static void Check(Knowledge knowledge, Dictionary<ReplicaId, ulong> expected)
    {
        KeyValuePair<ReplicaId, ulong>[] entries = [.. expected.Where(entry => entry.Value > 0).OrderBy(entry => entry.Key)];
        Assert.Equal(entries, knowledge);
        Assert.Equal(entries.Length, knowledge.Count);
        Assert.Equal(entries.Length == 0, knowledge.IsEmpty);
        Assert.Equal(entries.Select(entry => entry.Value).DefaultIfEmpty().Max(), knowledge.LargestTick);
        Assert.All(expected, entry => Assert.Equal(entry.Value, knowledge[entry.Key]));
        Assert.Equal(Knowledge.Of(entries.Reverse().Concat(entries)), knowledge);
        Assert.Equal(Knowledge.Of(entries).GetHashCode(), knowledge.GetHashCode());
        Assert.Equal(knowledge, KnowledgeCodec.Decode(KnowledgeCodec.Encode(knowledge)));
    }

    private static (Knowledge Knowledge, Dictionary<ReplicaId, ulong> Entries) Some(Random random)
    {
        var entries = new Dictionary<ReplicaId, ulong>();
        for (int count = random.Next(6); count > 0; count--) entries[Id(random)] = (ulong)random.Next(0, 5);
        return (Knowledge.Of(entries), entries);
    }

    private static ReplicaId Id(Random random) => new((UInt128)(ulong)random.Next(1, 7) << random.Next(0, 2) * 64);
}
