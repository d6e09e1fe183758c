namespace Bazil.FileSystem.Tests.Collection.Model;

/// <summary>
/// One machine: the replicated state of some files as OR-sets of contents, a store, open files, snapshots, and the collector as a sequence of steps
/// between which anything may happen. A content is a set of objects, as bits; knowledge maps replica ids to ticks.
/// </summary>
internal sealed class GcNode(GcWorld world, int index)
{
    private readonly Dictionary<int, ulong> _fossils = []; // object → generation
    private readonly List<(ulong Generation, ulong Content)> _adopted = [];
    private ulong[] _stamp = [];
    private ulong _stampGeneration;
    private ulong _agreed;
    private readonly HashSet<int> _former = []; // members that this node removed
    private Stamp? _denied; // when it removed the last one
    private int _replica = world.NewReplica();
    private Run? _run;

    public int Index { get; } = index;

    public Dictionary<int, GcFile> Files { get; } = [];

    public ulong[] Knowledge { get; set; } = [];

    /// <summary>What each member is known to know, and what each vouches for.</summary>
    public Dictionary<int, ulong[]> Members { get; } = [];

    /// <summary>The objects in this node's store.</summary>
    public ulong Store { get; private set; }

    public List<OpenContent> Open { get; } = [];

    public List<ulong> Snapshots { get; } = [];

    public ulong Generation { get; private set; }

    public int DeletedCount { get; private set; }

    public IEnumerable<int> Fossils => _fossils.Keys.Order();

    /// <summary>Everything that the replicated state refers to.</summary>
    public ulong Reachable => Files.Values.Aggregate(0UL, static (all, file) => all | file.Objects);

    // -- what programs do

    public void Put(ulong objects)
    {
        Store |= objects;
        if (_run is { } run && world.Rules.HitsMark) run.Marks |= objects;
        if (!world.Rules.HitsRestore) return;
        foreach (int item in Bits(objects)) _fossils.Remove(item);
    }

    public void OpenFile(int file, (Stamp Version, ulong Content)? seen) =>
        Open.Add(new OpenContent { File = file, Seen = seen?.Version, Content = seen?.Content ?? 0, Known = Everything() });

    public void Write(OpenContent open, ulong objects, ulong dropped)
    {
        Put(objects);
        open.Content = (open.Content & ~dropped) | objects;
    }

    public void Close(OpenContent open)
    {
        Open.Remove(open);
        GcFile file = FileOf(open.File);
        if (open.Seen is { } seen) file.Values.Remove(seen);
        if (open.Content != 0) file.Values[NextVersion()] = open.Content;
    }

    public void Remove(int file, Stamp version)
    {
        NextVersion();
        FileOf(file).Values.Remove(version);
    }

    public void Link(ulong content, int file) => FileOf(file).Values[NextVersion()] = content;

    /// <summary>Removes a member.</summary>
    public void Deny(GcNode member)
    {
        _former.Add(member.Index);
        _denied = NextVersion();
    }

    public void Restart()
    {
        Open.Clear();
        _run = null;
        Generation = _stampGeneration;
        _replica = world.NewReplica();
    }

    // -- sync

    public void Pull(GcNode from, Func<bool> arrives)
    {
        bool isComplete = true;
        foreach ((int number, GcFile theirs) in from.Files)
        {
            if (arrives()) Merge(number, theirs, from);
            else isComplete = false;
        }

        if (!isComplete) return;
        foreach (int number in Files.Keys.Where(number => !from.Files.ContainsKey(number)).ToList()) Merge(number, new GcFile(), from);
        Knowledge = Join(Knowledge, from.Knowledge);
        foreach (GcFile file in Files.Values.Where(file => Covers(Knowledge, file.Reference))) file.Reference = [];
        foreach ((int member, ulong[] known) in from.Members.Append(KeyValuePair.Create(from.Index, from.Vouched())))
        {
            Members[member] = Join(Members.GetValueOrDefault(member, []), known);
        }

        if (_agreed < _stampGeneration && Agrees(_stamp)) _agreed = _stampGeneration;
    }

    /// <summary>What this node vouches for: what it knows, or what it knew when the oldest open file was opened.</summary>
    public ulong[] Vouched() =>
        world.Rules.OpenFilesHoldBack ? Open.Aggregate(Knowledge, static (known, open) => Meet(known, open.Known)) : Knowledge;

    // -- the collector, step by step

    public bool IsCollecting => _run is not null;

    public void Begin()
    {
        Generation++;
        _run = new Run();
    }

    public void TakeView()
    {
        Run run = _run!;
        run.Marks |= Reachable;
        if (world.Rules.OpenFilesAreRoots) run.Marks |= Open.Aggregate(0UL, static (all, open) => all | open.Content);
        if (world.Rules.SnapshotsAreRoots) run.Marks |= Snapshots.Aggregate(0UL, static (all, content) => all | content);
        if (world.Rules.AdoptedAreRoots) run.Marks |= _adopted.Aggregate(0UL, static (all, adopted) => all | adopted.Content);
        run.Known = Everything();
        run.AgreedGeneration = Agrees(_stamp) ? ulong.MaxValue : _agreed;
        run.HasView = true;
    }

    /// <summary>Sweeps some of the objects, or all that are left.</summary>
    public void Sweep(ulong objects)
    {
        Run run = _run!;
        foreach (int item in Bits(objects & ~run.Swept))
        {
            bool isMarked = (run.Marks & (1UL << item)) != 0;
            if (_fossils.TryGetValue(item, out ulong generation))
            {
                if (isMarked) _fossils.Remove(item);
                else if (generation < Generation && generation <= run.AgreedGeneration) Delete(item);
            }
            else if ((Store & (1UL << item)) != 0 && !isMarked)
            {
                if (world.Rules.TwoSteps) _fossils[item] = Generation;
                else if (run.AgreedGeneration == ulong.MaxValue) Delete(item);
            }
        }

        run.Swept |= objects;
    }

    public void Complete()
    {
        Sweep(ulong.MaxValue);
        (_stamp, _stampGeneration) = (_run!.Known, Generation);
        _adopted.RemoveAll(adopted => adopted.Generation < Generation);
        _run = null;
    }

    public bool HasView => _run is { HasView: true };

    public (int File, Stamp Version, ulong Content)? Pick(Random random)
    {
        List<(int, Stamp, ulong)> all = [.. Files.SelectMany(file => file.Value.Values.Select(value => (file.Key, value.Key, value.Value)))];
        return all.Count == 0 ? null : all[random.Next(all.Count)];
    }

    public static IEnumerable<int> Bits(ulong objects)
    {
        for (; objects != 0; objects &= objects - 1) yield return System.Numerics.BitOperations.TrailingZeroCount(objects);
    }

    private void Delete(int item)
    {
        Store &= ~(1UL << item);
        _fossils.Remove(item);
        DeletedCount++;
    }

    private void Merge(int number, GcFile theirs, GcNode from)
    {
        GcFile ours = FileOf(number);
        ulong[] known = Join(Knowledge, ours.Reference), theirKnown = Join(from.Knowledge, theirs.Reference);
        foreach (Stamp version in ours.Values.Keys.Where(version => !theirs.Values.ContainsKey(version) && version.IsCoveredBy(theirKnown)).ToList()) ours.Values.Remove(version);
        foreach ((Stamp version, ulong content) in theirs.Values.Where(value => !ours.Values.ContainsKey(value.Key) && !value.Key.IsCoveredBy(known)))
        {
            ours.Values[version] = content;
            if (Generation > 0) _adopted.Add((Generation, content));
        }

        ours.Reference = Join(ours.Reference, theirKnown);
        if (Covers(Knowledge, ours.Reference)) ours.Reference = [];
    }

    private bool Agrees(ulong[] stamp)
    {
        if (world.Rules.Members == MemberRule.None) return true;
        ulong[] required = Everything();
        if (world.Rules.Members == MemberRule.CoverStamp) required = stamp;
        else required = With(required, _replica, Math.Max(At(stamp, _replica), world.Rules.DenialsAreHeard && _denied is { } denied && denied.Replica == _replica ? denied.Tick : 0));
        return world.Nodes.Where(node => node != this && !_former.Contains(node.Index)).All(node => Covers(Members.GetValueOrDefault(node.Index, []), required));
    }

    private ulong[] Everything() => world.Rules.ReferencesCount
        ? Files.Values.Aggregate(Knowledge, static (known, file) => Join(known, file.Reference))
        : Knowledge;

    private Stamp NextVersion()
    {
        var version = new Stamp(_replica, At(Knowledge, _replica) + 1);
        Knowledge = With(Knowledge, version.Replica, version.Tick);
        return version;
    }

    private GcFile FileOf(int number) => Files.TryGetValue(number, out GcFile? file) ? file : Files[number] = new GcFile();

    public static ulong At(ulong[] knowledge, int replica) => replica < knowledge.Length ? knowledge[replica] : 0;

    private static bool Covers(ulong[] large, ulong[] small)
    {
        for (int replica = 0; replica < small.Length; replica++)
        {
            if (small[replica] > At(large, replica)) return false;
        }

        return true;
    }

    private static ulong[] With(ulong[] knowledge, int replica, ulong tick)
    {
        ulong[] changed = new ulong[Math.Max(knowledge.Length, replica + 1)];
        knowledge.CopyTo(changed, 0);
        changed[replica] = tick;
        return changed;
    }

    private static ulong[] Join(ulong[] left, ulong[] right) => Combine(left, right, Math.Max);

    private static ulong[] Meet(ulong[] left, ulong[] right) => Combine(left, right, Math.Min);

    private static ulong[] Combine(ulong[] left, ulong[] right, Func<ulong, ulong, ulong> combine)
    {
        ulong[] all = new ulong[Math.Max(left.Length, right.Length)];
        for (int replica = 0; replica < all.Length; replica++) all[replica] = combine(At(left, replica), At(right, replica));
        return all;
    }

    private sealed class Run
    {
        public ulong Marks { get; set; }

        public ulong Swept { get; set; }

        public bool HasView { get; set; }

        public ulong[] Known { get; set; } = [];

        public ulong AgreedGeneration { get; set; }
    }
}
