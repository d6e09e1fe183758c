using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.TestChild.Stores;
using Bazil.Testing;
using static Bazil.Storage.Tests.Arena.ArenaFixture;

namespace Bazil.Storage.Tests.Arena;

/// <summary>The oracle outside the process: what the writers of a <c>store-write</c> child have said they did, over all its lives.</summary>
internal sealed class StoreCrashLog
{
    private const int WriterCount = 3;

    private readonly SortedSet<int>[] _put = [.. Enumerable.Range(0, WriterCount).Select(_ => new SortedSet<int>())];
    private readonly HashSet<int>[] _maybeDeleted = [.. Enumerable.Range(0, WriterCount).Select(_ => new HashSet<int>())];
    private readonly HashSet<int>[] _deleted = [.. Enumerable.Range(0, WriterCount).Select(_ => new HashSet<int>())];
    private readonly int[] _synced = [.. Enumerable.Repeat(-1, WriterCount)];

    private int _firstNumber;

    /// <summary>
    /// Set before the power is cut: what is read from then on as synced is not believed. A sync that is under way when an ext4 is
    /// shut down may still succeed though the extents it needs were dropped, which no real power cut can do: nobody would hear of it.
    /// </summary>
    public bool IsPowerFailing { get; set; }

    public int PutCount { get; private set; }

    /// <summary>The number from which the next life of the child goes on.</summary>
    public int NextNumber => _firstNumber = _put.Max(numbers => numbers.Count == 0 ? 0 : numbers.Max) + 2; // one more may be there, unsaid

    /// <summary>Reads until so many puts were acknowledged in all, or the child has ended.</summary>
    public void ReadUntil(ChildProcess child, int putCount)
    {
        while (PutCount < putCount && child.Output.ReadLine() is { } line) Note(line);
    }

    /// <summary>What a killed child had still written.</summary>
    public void ReadRest(ChildProcess child) => ReadUntil(child, int.MaxValue);

    /// <summary>Reads until every writer has met the end of its disk.</summary>
    public void ReadUntilEnd(ChildProcess child)
    {
        while (child.Output.ReadLine() is { } line)
        {
            if (line == "E") return;
            Note(line);
        }

        Assert.Fail("the process died of the failing disk");
    }

    /// <summary>Opens the store and checks everything. What is found is what the next check goes out from.</summary>
    public async Task<string> CheckAsync(string directory, bool wasPowerCut, string round)
    {
        await using ArenaStore store = ArenaStore.Open("oracle", directory, new ArenaOptions { RunsInBackground = false, FreeFloorBytes = 0 });
        Assert.DoesNotContain(store.Problems, problem => problem.Kind is not (StoreProblemKind.TornTail or StoreProblemKind.RebuiltIndex));
        int found = 0;
        for (int writer = 0; writer < WriterCount; writer++)
        {
            foreach (int number in _put[writer].ToArray())
            {
                byte[]? read = await ReadAsync(store, NumberedObjects.IdOf(writer, number));
                if (read is not null)
                {
                    found++;
                    Assert.True(read.AsSpan().SequenceEqual(NumberedObjects.ContentOf(writer, number)), $"{round}: wrong bytes of {writer} {number}");
                    Assert.False(_deleted[writer].Contains(number) && !wasPowerCut, $"{round}: {writer} {number} was deleted and is there");
                    continue;
                }

                bool mayBeGone = _maybeDeleted[writer].Contains(number) || (wasPowerCut && number > _synced[writer]);
                if (!mayBeGone)
                {
                    bool isListed = (await ScanAsync(store)).Any(stored => stored.Id == NumberedObjects.IdOf(writer, number));
                    Assert.Fail($"{round}: {writer} {number} was acknowledged and is gone; listed {isListed}, synced to {_synced[writer]}, first of this life {_firstNumber}, {string.Join("; ", store.Problems.Select(problem => problem.Message))}");
                }

                _put[writer].Remove(number);
            }
        }

        DamageReport report = await store.VerifyAsync(long.MaxValue, default);
        Assert.True(report.IsClean, $"{round}: {string.Join("; ", report.Problems.Select(problem => problem.Message))}");
        return $"{PutCount} acknowledged so far, {found} there, {store.Usage}";
    }

    private void Note(string line)
    {
        // The last line of a killed child may be cut; a shortened number would be another object.
        string[] words = line.Split(' ');
        if (words is not [var what, var writerText, var numberText] || !int.TryParse(writerText, out int writer) || !int.TryParse(numberText, out int number)) return;
        switch (what)
        {
            case "P":
                PutCount++;
                _put[writer].Add(number);
                break;
            case "X": _maybeDeleted[writer].Add(number); break;
            case "D": _deleted[writer].Add(number); break;
            case "S" when !IsPowerFailing: _synced[writer] = number; break;
            default: break;
        }
    }
}
