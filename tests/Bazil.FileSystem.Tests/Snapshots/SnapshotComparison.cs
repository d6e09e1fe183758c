using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>Reads a whole snapshot and compares it with the model it was taken of.</summary>
internal static class SnapshotComparison
{
    public static async Task MustEqualAsync(ModelTree model, Snapshot snapshot, string context)
    {
        Assert.True(snapshot.Description.Volume == model.Volume, context);
        Assert.True(snapshot.Description.Taken == model.Taken, context);
        Assert.True(snapshot.Description.ModifyTime == model.RootModifyTime, context);
        Assert.True(snapshot.Description.Attributes.Equals(model.RootAttributes), context);
        Assert.True(snapshot.Totals == model.Totals(InodeId.Root), context);
        await MustEqualAsync(model, InodeId.Root, snapshot.Root, context);
    }

    private static async Task MustEqualAsync(ModelTree model, InodeId handle, SnapshotDirectory directory, string context)
    {
        SnapshotSourceEntry[] expected = [.. model.Entries(handle).Values];
        Assert.True(directory.Manifest.Entries == (ulong)expected.Length, context);
        Assert.True(directory.Manifest.Totals == model.Totals(handle), context);
        int index = 0;
        await foreach (SnapshotEntry entry in directory.ListAsync(0, CancellationToken.None))
        {
            SnapshotSourceEntry wanted = expected[index++];
            Assert.True(entry.NextCookie == (ulong)index, context);
            MustEqual(wanted, entry, context);

            SnapshotEntry? found = await directory.LookupAsync(wanted.Name, CancellationToken.None);
            Assert.True(found is not null && found.NextCookie == entry.NextCookie, context);
            MustEqual(wanted, found, context);
            await MustLackNeighboursAsync(model, handle, directory, wanted.Name, context);
            if (entry.IsDirectory) await MustEqualAsync(model, wanted.Directory, directory.Open(entry), context);
        }

        Assert.True(index == expected.Length, $"listed {index} of {expected.Length}; {context}");
    }

    private static void MustEqual(SnapshotSourceEntry wanted, SnapshotEntry entry, string context)
    {
        Assert.True(entry.Name == wanted.Name, context);
        Assert.True(entry.Node == wanted.Node, context);
        Assert.True(entry.Kind == wanted.Kind, context);
        Assert.True(entry.ModifyTime == wanted.ModifyTime, context);
        Assert.True(entry.Attributes.Equals(wanted.Attributes) && entry.Attributes.ModifyTime == wanted.ModifyTime, context);
        Assert.True(Equals(entry.Content, wanted.Content), context);
        Assert.True(entry.Content is null || entry.Content.Manifest.KeyEpoch == wanted.Content!.Manifest.KeyEpoch, context);
    }

    /// <summary>The names just beside one that is there are found only when they are there too.</summary>
    private static async Task MustLackNeighboursAsync(ModelTree model, InodeId handle, SnapshotDirectory directory, FileName name, string context)
    {
        byte[] below = name.Span.ToArray();
        below[^1]--;
        byte[][] candidates = [below, [.. name.Span, 1], name.Span[..^1].ToArray()];
        foreach (byte[] candidate in candidates)
        {
            if (!FileName.TryCreate(candidate, out FileName neighbour)) continue;
            bool isThere = model.Entries(handle).ContainsKey(neighbour);
            SnapshotEntry? found = await directory.LookupAsync(neighbour, CancellationToken.None);
            Assert.True(found is not null == isThere, $"{neighbour} beside {name}; {context}");
        }
    }
}
