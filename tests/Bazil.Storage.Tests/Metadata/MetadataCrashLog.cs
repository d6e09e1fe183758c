using System.Buffers.Binary;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Metadata;

/// <summary>
/// What a <c>metadata-write</c> child said it had done, kept outside of it, and the check of what is found afterwards:
/// of each writer a prefix of its batches, each whole, and none without those that its writer had seen acknowledged.
/// </summary>
internal sealed class MetadataCrashLog(ChildProcess child)
{
    private const int WriterCount = 3;
    private const int KeysPerBatch = 3;

    private readonly long[] _acknowledged = new long[WriterCount];
    private readonly long[] _synced = new long[WriterCount];

    public long[] Acknowledged => _acknowledged;

    public long[] Synced => _synced;

    public int SyncCount { get; private set; }

    /// <summary>From now on a sync is not believed: one that began before the end may return success though the kernel has given up what it was to write.</summary>
    public bool IsPowerFailing { get; set; }

    /// <summary>Reads the child's lines until it has acknowledged so many batches, or has ended.</summary>
    public void ReadUntil(long batches)
    {
        while (_acknowledged.Sum() < batches && child.Output.ReadLine() is { } line) Note(line);
    }

    /// <summary>Reads what a killed child had still written.</summary>
    public void ReadRest() => ReadUntil(long.MaxValue);

    /// <summary>Reads until every writer has met the end of the disk and the store was disposed; a child that died of it fails the test.</summary>
    public void ReadUntilDisposed()
    {
        while (child.Output.ReadLine() is { } line)
        {
            if (line == "D") return;
            Note(line);
        }

        child.WaitForExit();
        Assert.Fail($"the process died of the failing disk, exit code {child.ExitCode}");
    }

    /// <summary>Opens the database, checks it, and returns how many batches of each writer are there.</summary>
    public static long[] Check(string directory, Seed seed)
    {
        using RocksDbMetadataStore store = RocksDbMetadataStore.Open(directory, TimeProvider.System);
        long[] found = new long[WriterCount];
        long[] seen = new long[WriterCount];
        int parts = 0;
        using IMetadataCursor cursor = store.Scan([], []);
        while (cursor.MoveNext())
        {
            int writer = cursor.Key[0];
            long number = BinaryPrimitives.ReadInt64BigEndian(cursor.Key[1..]);
            int part = cursor.Key[9];
            Assert.True(number == found[writer] && part == parts, $"writer {writer}: batch {found[writer]} part {parts} is missing, {seed}");
            parts = (parts + 1) % KeysPerBatch;
            if (parts == 0) found[writer]++;
            for (int other = 0; other < WriterCount; other++)
            {
                seen[other] = Math.Max(seen[other], BinaryPrimitives.ReadInt64LittleEndian(cursor.Value[(8 * other)..]));
            }
        }

        Assert.True(parts == 0, $"the last batch is torn, {seed}");
        for (int writer = 0; writer < WriterCount; writer++)
        {
            Assert.True(found[writer] >= seen[writer], $"writer {writer}: {seen[writer]} batches were seen acknowledged, {found[writer]} are there, {seed}");
        }

        return found;
    }

    private void Note(string line)
    {
        string[] words = line.Split(' ');
        if (words is ["A", var writer, var count] && count.Length > 0) _acknowledged[int.Parse(writer)] = long.Parse(count);

        // The last line of a killed child may be cut: a shorter number is a smaller claim, a missing one makes it no claim.
        if (IsPowerFailing || words.Length != WriterCount + 1 || words[0] != "S" || words[^1].Length == 0) return;
        for (int i = 0; i < WriterCount; i++) _synced[i] = Math.Max(_synced[i], long.Parse(words[i + 1]));
        SyncCount++;
    }
}
