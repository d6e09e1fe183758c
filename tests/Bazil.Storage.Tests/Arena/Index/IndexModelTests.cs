using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Bazil.Testing;
using Xunit;

namespace Bazil.Storage.Tests.Arena.Index;

/// <summary>Random additions, drops, merges, damage and restarts, compared with a plain dictionary after every step.</summary>
public sealed class IndexModelTests
{
    [Fact]
    public void The_set_finds_what_a_dictionary_has()
    {
        Seed seed = Seed.Take(81);
        Random random = seed.CreateRandom();
        using var fixture = new IndexFixture(seed.Value);
        var model = new SortedDictionary<uint, IndexEntry[]>();
        var ids = new List<ObjectId>();
        IndexSet set = fixture.Open();
        uint lastSegment = 0;
        for (int step = 0; step < 300; step++)
        {
            switch (random.Next(10))
            {
                case < 5:
                    lastSegment++;
                    model[lastSegment] = Entries(lastSegment);
                    Add(lastSegment);
                    break;
                case 5 when model.Count > 0:
                    uint dropped = model.Keys.ElementAt(random.Next(model.Count));
                    model.Remove(dropped);
                    set.Drop(dropped);
                    break;
                case 6:
                    set.Dispose();
                    if (random.Next(3) == 0) Damage();
                    set = fixture.Open([.. model.Keys.Select(IndexFixture.Segment)]);
                    foreach (SealedSegment missing in set.Missing) Add(missing.Number);
                    break;
                default:
                    set.Merge(CancellationToken.None);
                    break;
            }

            Check(step);
        }

        set.Dispose();

        void Add(uint segment) => set.Add([IndexFixture.Segment(segment)], model[segment], model[segment].Length, CancellationToken.None);

        IndexEntry[] Entries(uint segment)
        {
            IndexEntry[] entries = fixture.Entries(segment, random.Next(4) == 0 ? 0 : random.Next(900));
            for (int i = 0; i < entries.Length; i++)
            {
                if (ids.Count > 0 && random.Next(10) == 0) entries[i] = entries[i] with { Id = ids[random.Next(ids.Count)] };
            }

            ids.AddRange(entries.Select(entry => entry.Id).Where(_ => random.Next(50) == 0));
            return entries;
        }

        void Damage()
        {
            string[] files = Directory.GetFiles(fixture.Path);
            if (files.Length > 0) File.WriteAllBytes(files[random.Next(files.Length)], [1, 2, 3]);
        }

        void Check(int step)
        {
            Assert.Empty(set.Missing);
            var expected = model.Values.SelectMany(entries => entries).ToLookup(entry => entry.Id, entry => entry.Location);
            foreach (ObjectId id in ids)
            {
                SegmentLocation[] found = IndexFixture.Find(set, id);
                Assert.True(expected[id].All(location => found.Contains(location)), $"{seed}, step {step}: {id}");
            }

            Assert.True(expected.SelectMany(group => group).ToHashSet().SetEquals(set.Entries().Select(entry => entry.Location)), $"{seed}, step {step}");
        }
    }
}
