using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>What must hold when all machines have come to rest, beside that they agree in state and in what they show.</summary>
internal sealed class RestCheck(IReadOnlyList<Machine> machines, ContentLedger ledger, bool hasBackups)
{
    public async Task RunAsync()
    {
        foreach (Machine machine in machines) CheckKnowledge(machine.Replica);
        List<NodeRecord> records = [.. StateReader.Records(machines[0].Replica.Metadata).Where(record => !record.IsVolumeWide)];
        CheckNoTombstones(records);
        CheckContents(records);
        foreach (Machine machine in machines) await CheckReadableAsync(machine);
    }

    /// <summary>All know the same, and everything that any of them has.</summary>
    private void CheckKnowledge(Replica replica)
    {
        Knowledge knowledge = replica.Volume.Knowledge;
        Assert.True(knowledge.Equals(machines[0].Replica.Volume.Knowledge), $"{replica.Name} knows {knowledge}, {machines[0].Name} knows {machines[0].Replica.Volume.Knowledge}");

        // Of a history that was lost a stamp may stay, which nobody can ever know to its end.
        if (hasBackups) return;
        foreach (NodeRecord record in StateReader.Records(replica.Metadata))
        {
            Assert.True(record.Stamp.IsCoveredBy(knowledge), $"{replica.Name} does not know all of node {record.Id}");
        }
    }

    /// <summary>What is left lives, or is a directory that what lives names as its place.</summary>
    private static void CheckNoTombstones(List<NodeRecord> records)
    {
        HashSet<NodeId> alive = TreeOracle.Alive(records);
        HashSet<NodeId> named = [.. records.SelectMany(record => record.Links).SelectMany(link => link.Places.DistinctValues()).Select(place => place.Parent)];
        named.UnionWith(records.SelectMany(record => record.Places()).Select(placed => placed.Place.Parent));
        foreach (NodeRecord record in records.Where(record => record.Id != NodeId.Root))
        {
            if (!alive.Contains(record.Id)) Assert.True(named.Contains(record.Id), $"tombstone of node {record.Id} is left: {record.Stamp}");
            else if (record.LiveLinks.Any()) Assert.True(record.Links.All(link => !link.Places.IsEmpty), $"tombstone of a link of node {record.Id} is left");
        }
    }

    /// <summary>Nothing that was closed is lost, and nothing is there beside what was written in its knowledge.</summary>
    private void CheckContents(List<NodeRecord> records)
    {
        HashSet<ulong> found = [.. records.SelectMany(record => record.Content.DistinctValues()).Select(content => content.SizeBytes)];
        foreach (ulong size in ledger.Promised) Assert.True(found.Contains(size), $"content {size} was closed, nobody who knew it replaced it, and it is gone");
        foreach (ulong size in found.Where(size => size != 0))
        {
            // What was got from a history that was lost is written anew by who has it.
            if (hasBackups) continue;
            foreach (ulong older in ledger.Ancestors(size).Where(found.Contains)) Assert.Fail($"content {size} was written over {older}, and both are there");
        }
    }

    /// <summary>Every content can be read on every machine, and is what was written.</summary>
    private static async Task CheckReadableAsync(Machine machine)
    {
        Replica replica = machine.Replica;
        foreach (ContentValue content in StateReader.Records(replica.Metadata).Where(record => record.Kind == NodeKind.File).SelectMany(record => record.Content.DistinctValues()))
        {
            byte[] expected = Person.Content(content.SizeBytes);
            byte[] read = await replica.ReadAsync(content);
            Assert.True(expected.AsSpan().SequenceEqual(read), $"content {content.SizeBytes} is not what was written");
        }
    }
}
