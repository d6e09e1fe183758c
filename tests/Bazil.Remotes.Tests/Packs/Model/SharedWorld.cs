using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.Remotes.Packs;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.Packs.Model;

/// <summary>Several nodes and one folder. One seed decides what they do, and the order of all their steps.</summary>
internal sealed class SharedWorld : IDisposable
{
    public const int Objects = 8;

    public static readonly byte[] StoreId = [.. Enumerable.Repeat((byte)0xAA, PackStoreMark.IdBytes)];

    private static readonly TimeSpan _wait = TimeSpan.FromSeconds(5); // between two listings of leases

    public SharedWorld(int seed, int nodes = 3)
    {
        (Random, _isFolderRestored) = (new Random(seed), seed % 2 == 0);
        Steps = new SeededSteps(Random);
        Files["bazil-store"] = Encoding.UTF8.GetBytes($"bazil pack store 1 {new string('a', 2 * PackStoreMark.IdBytes)}\n");
        Nodes = [.. Enumerable.Range(0, nodes).Select(number => new SharedNode(this, number))];
    }

    public Random Random { get; }

    public SeededSteps Steps { get; }

    public ManualTime Time { get; } = new();

    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public SharedNode[] Nodes { get; }

    private readonly bool _isFolderRestored; // in some histories
    private SortedDictionary<string, byte[]>? _savedFiles;

    /// <summary>How often the folder was put back as it had been before.</summary>
    public int FolderRestores { get; private set; }

    public long RemovedPacks { get; set; }

    public int PackCount => Files.Keys.Count(static name => name.StartsWith(PackId.Directory, StringComparison.Ordinal));

    public List<string> Trace { get; } = [];

    /// <summary>What was lost first; null for nothing.</summary>
    public string? Loss { get; private set; }

    public void Dispose()
    {
        foreach (SharedNode node in Nodes) node.Dispose();
    }

    public static ObjectId IdOf(int number)
    {
        byte[] id = new byte[ObjectId.Size];
        BinaryPrimitives.WriteInt32BigEndian(id, number);
        return new ObjectId(id);
    }

    public static int NumberOf(in ObjectId id) => BinaryPrimitives.ReadInt32BigEndian(id.Span);

    public static byte[] BytesOf(int number) => [.. Enumerable.Repeat((byte)number, 100 + number)];

    /// <summary>Runs a history. Ends early at a loss.</summary>
    public void Run(int actions)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null); // continuations belong to the nodes' schedulers
        try
        {
            for (int left = actions; left > 0 && Loss is null;)
            {
                SharedNode node = Nodes[Random.Next(Nodes.Length)];
                bool isBusy = node.IsBusy;
                if (Random.Next(isBusy ? 80 : 8) == 0)
                {
                    Act(node, isBusy);
                    left--;
                }

                Steps.TryStep();
                if (Random.Next(40) == 0) TellTime();
                CheckWork();
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <summary>Lets all finish, without failures; then each does something, one after the other.</summary>
    public void Settle(Func<SharedNode, Task> last)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            foreach (SharedNode node in Nodes)
            {
                Finish();
                CheckWork();
                if (!node.IsFlaky) node.Begin(last);
                else
                {
                    node.IsFlaky = false;
                    node.Crash(); // starts anew, with a folder that does not fail
                    node.Begin(last);
                }

                Time.Advance(TimeSpan.FromMinutes(1));
                Finish();
                Assert.All(node.Work, work => Assert.True(work.IsCompleted, $"node {node.Number} does not end"));
                foreach (Task work in node.Work) work.GetAwaiter().GetResult();
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    public byte[] LeaseOf(in PeerId node) => Files.GetValueOrDefault(PackLease.FileNameOf(node), []);

    /// <summary>Looks whether all that a node needs and does not have is in the folder. Called after each removal: nothing else can lose anything.</summary>
    public void CheckLoss()
    {
        HashSet<int> there = ListThere();
        foreach (SharedNode node in Nodes)
        {
            if (Loss is null && node.Needed.Except(node.Held).Concat(node.Promised).Except(there).ToList() is { Count: > 0 } lost) Loss = $"node {node.Number} lost {string.Join(", ", lost)}";
        }
    }

    /// <summary>All that is whole in some pack.</summary>
    public HashSet<int> ListThere()
    {
        HashSet<int> there = [];
        foreach ((string name, byte[] file) in Files.Where(static file => file.Key.StartsWith(PackId.Directory, StringComparison.Ordinal)))
        {
            int count = PackFormat.ReadCount(file.AsSpan(file.Length - PackFormat.TrailerBytes), file.Length);
            foreach (PackEntry entry in PackFormat.ReadTail(file.AsSpan(file.Length - PackFormat.TailBytes(count)), file.Length))
            {
                if (file.AsSpan(entry.Offset, entry.Length).SequenceEqual(BytesOf(NumberOf(entry.Id)))) there.Add(NumberOf(entry.Id));
            }
        }

        return there;
    }

    private void SaveFolder() => _savedFiles = new SortedDictionary<string, byte[]>(Files, StringComparer.Ordinal);

    /// <summary>Puts the folder back as it was, if every node that has a lease had one then, and none removes anything right now: what it has decided it does.</summary>
    private void RestoreFolder()
    {
        if (!_isFolderRestored || _savedFiles is not { } saved || Nodes.Any(node => node.IsCollecting || (LeaseOf(node.Id).Length > 0 && !saved.ContainsKey(PackLease.FileNameOf(node.Id))))) return;
        FolderRestores++;
        Files.Clear();
        foreach ((string name, byte[] file) in saved) Files[name] = file;
        HashSet<int> there = ListThere();
        foreach (SharedNode node in Nodes) node.Recount(there);
    }

    private void Act(SharedNode node, bool isBusy)
    {
        int number = Random.Next(Objects);
        (string name, Action action) = Random.Next(isBusy ? 8 : 36) switch
        {
            0 => ("crashes", node.Crash),
            <= 2 => (string.Create(CultureInfo.InvariantCulture, $"refers to {number}"), () => node.Refer(number)),
            <= 6 => (string.Create(CultureInfo.InvariantCulture, $"drops {number}"), (Action)(() => node.Drop(number))),
            <= 10 => ("pushes", () => node.Begin(static node => node.PushAsync())),
            <= 12 => ("evicts", () => node.Begin(static node => node.EvictAsync())),
            13 => ("leaves", () => node.Begin(static node => node.LeaveAsync())),
            14 => ("is backed up", node.BackUp),
            15 => ("is restored", node.Restore),
            16 => ("backs up the folder", SaveFolder),
            17 => ("restores the folder", RestoreFolder),
            18 => ("collects all", () => node.Begin(static node => node.CollectAsync(PackRemoval.All))),
            _ => ("collects", () => node.Begin(static node => node.CollectAsync())),
        };
        Trace.Add($"{node.Number} {name}");
        if (Random.Next(3) == 0) Time.Advance(TimeSpan.FromSeconds(6));
        action();
    }

    private void Finish()
    {
        do
        {
            while (Steps.TryStep())
            {
            }
        }
        while (TellTime());
    }

    /// <summary>Lets time pass if somebody waits for it.</summary>
    private bool TellTime()
    {
        if (Time.CountDue(_wait) == 0) return false;
        Time.Advance(_wait);
        return true;
    }

    /// <summary>What failed other than because the folder did is a mistake.</summary>
    private void CheckWork()
    {
        foreach ((SharedNode node, Task work) in Nodes.SelectMany(static node => node.Work.Where(static work => work.IsFaulted).Select(work => (node, work))))
        {
            if (work.Exception!.InnerException is not StoreException) throw new InvalidOperationException($"node {node.Number} failed", work.Exception);
        }
    }
}
