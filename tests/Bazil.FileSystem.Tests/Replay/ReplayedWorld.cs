using System.Globalization;
using System.Text;
using System.Text.Json;
using Bazil.Core;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Replay;

/// <summary>Does to real volumes what a line of the model's trace says.</summary>
internal sealed class ReplayedWorld : IAsyncDisposable
{
    /// <summary>The model counts replica ids on from here.</summary>
    private const ulong FirstNumber = 1000;

    private readonly World _world;
    private readonly Dictionary<int, IMetadataSnapshot> _disks = [];
    private readonly Dictionary<int, ReplayLink> _pulls = [];

    private ReplayedWorld(World world) => _world = world;

    public IReadOnlyList<Replica> Replicas => _world.Replicas;

    public static async Task<ReplayedWorld> CreateAsync(int count)
    {
        var entropy = new CountingEntropy(new Random(count));
        World world = await World.CreateAsync(count, seed: count, entropy: entropy);
        world.Policy = new VolumePolicy(BrakeShare: 1, BrakeFiles: 0, TrashDays: 0);
        foreach (Replica replica in world.Replicas) replica.Restore(replica.Backup());
        entropy.Count = FirstNumber;
        return new ReplayedWorld(world);
    }

    /// <summary>What the model must know to count and to name things as they are here.</summary>
    public object Constants()
    {
        var tables = new VolumeTables(Replicas[0].Metadata, 1);
        Knowledge knowledge = VolumeState.ReadKnowledge(tables);
        NodeRecord members = StateReader.Records(Replicas[0].Metadata).Single(node => node.Id == NodeId.Members);
        return new
        {
            knowledge = knowledge.ToDictionary(entry => $"{entry.Key}", entry => entry.Value),
            members = Replicas.ToDictionary(replica => replica.Name, replica => ReplicatedState.Short(members.Members.Find(replica.Id)!.Value.Version)),
        };
    }

    public Replica At(JsonElement line) => Find(line.GetProperty("at").GetString()!);

    public string Describe(Replica replica) => ReplicatedState.Describe(_world, replica);

    public async Task ApplyAsync(JsonElement line)
    {
        Replica at = At(line);
        string Text(string name) => line.GetProperty(name).GetString()!;
        InodeId Node() => Inode(at, Text("node"));
        switch (Text("op"))
        {
            case "first":
                _disks[line.GetProperty("disk").GetInt32()] = at.Metadata.Snapshot();
                break;
            case "sync":
                await at.Volume.SyncAsync(CancellationToken.None);
                _disks[line.GetProperty("disk").GetInt32()] = at.Metadata.Snapshot();
                break;
            case "start":
                at.Restore(_disks[line.GetProperty("disk").GetInt32()]);
                break;
            case "new" when Text("kind") == "d":
                at.MakeDirectory(Text("path"));
                break;
            case "new":
                at.MakeFile(Text("path"), Text("data"));
                break;
            case "write":
                await at.WriteAsync(Node(), Text("data"));
                break;
            case "unlink":
                Expect(at.Unlink(Text("path")));
                break;
            case "rmdir":
                Expect(at.RemoveDirectory(Text("path")));
                break;
            case "rename":
                Expect(at.Rename(Text("path"), Text("to")));
                break;
            case "link":
                Expect(at.Link(Node(), Text("to")));
                break;
            case "chmod":
                Expect(at.Chmod(Node(), line.GetProperty("mode").GetUInt32()));
                break;
            case "resolve":
                Resolve(at, Node(), line);
                break;
            case "drop":
                Drop(at, line);
                break;
            case "add":
                at.Volume.AddMember(Find(Text("member")).Id);
                break;
            case "remove":
                at.Volume.RemoveMember(Find(Text("member")).Id);
                break;
            case "part":
                await PullPartAsync(at, line);
                break;
            default:
                await PullAsync(at, line);

                // The model shows deletions as they come; the engine would wait for the end of the pull.
                at.Volume.EndHeldOfPull();
                await at.Volume.SettleDeletionsAsync(CancellationToken.None);
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ReplayLink pull in _pulls.Values) pull.Dispose();
        foreach (IMetadataSnapshot disk in _disks.Values) disk.Dispose();
        await _world.DisposeAsync();
    }

    private async Task PullAsync(Replica at, JsonElement line)
    {
        if (line.GetProperty("op").GetString() == "refused")
        {
            await Assert.ThrowsAsync<SyncException>(() => at.PullAsync(Find(line.GetProperty("peer").GetString()!)));
            return;
        }

        int number = line.GetProperty("pull").GetInt32();
        if (line.GetProperty("op").GetString() == "pull")
        {
            List<string> items = [.. line.GetProperty("items").EnumerateArray().Select(item => item.GetString()!)];
            _pulls[number] = new ReplayLink(_world, at, Find(line.GetProperty("peer").GetString()!), _disks[line.GetProperty("disk").GetInt32()], items, line.GetProperty("count").GetInt32(), []);
            await _pulls[number].ArriveAsync();
        }

        await _pulls[number].StepAsync();
    }

    private async Task PullPartAsync(Replica at, JsonElement line)
    {
        FileName[] path = [.. line.GetProperty("path").GetString()!.Split('/').Select(name => FileName.Parse(Encoding.UTF8.GetBytes(name)))];
        using var link = new ReplayLink(_world, at, Find(line.GetProperty("peer").GetString()!), _disks[line.GetProperty("disk").GetInt32()], [], 0, path);
        try
        {
            await link.Session;
        }
        catch (SyncException) when (at.Volume.NodesAt(path).Count == 0)
        {
            // Nothing is there on either side.
        }
    }

    private static void Resolve(Replica at, InodeId inode, JsonElement line)
    {
        NodeRecord record = StateReader.Records(at.Metadata).Single(other => other.Inode == inode);
        string keep = line.GetProperty("keep").GetString()!;
        switch (line.GetProperty("facet").GetString())
        {
            case "content":
                string? drop = line.GetProperty("drop").GetString();
                List<ContentValue> values = record.Content.DistinctValues();
                ContentValue kept = values.Single(value => ReplicatedState.Text(value) == keep);
                at.Volume.SettleContent(inode, kept, values.Where(value => drop is null ? !value.Equals(kept) : ReplicatedState.Text(value) == drop));
                break;
            case "attr":
                at.Volume.SettleAttributes(inode, record.Attributes.DistinctValues().Single(value => (value.Mode & 0xFFF) == Convert.ToUInt32(keep, 8)));
                break;
            default:
                Link link = record.Links.Single(other => ReplicatedState.Short(other.Id) == line.GetProperty("link").GetString());
                at.Volume.SettlePlaces(inode, link.Id, link.Places.DistinctValues().Single(place => ReplicatedState.Describe(place) == keep));
                break;
        }
    }

    private static void Drop(Replica at, JsonElement line)
    {
        string path = line.GetProperty("path").GetString()!;
        InodeId directory = at.Find(path.Contains('/') ? path[..path.LastIndexOf('/')] : "");
        FileName name = FileName.Parse(Encoding.UTF8.GetBytes(path[(path.LastIndexOf('/') + 1)..]));
        InodeId node = Inode(at, line.GetProperty("node").GetString()!);
        FileName label = at.Volume.ListAlternates(directory, name).First(other => other.Inode == node && ReplicatedState.Short(other.LinkId) == line.GetProperty("link").GetString()).Label;
        Expect(at.Volume.DropAlternate(directory, name, label));
    }

    private Replica Find(string name) => Replicas.Single(replica => replica.Name == name);

    private static InodeId Inode(Replica at, string node)
    {
        string[] parts = node.Split('.');
        var id = new NodeId(new Version(ulong.Parse(parts[0], CultureInfo.InvariantCulture), new ReplicaId(UInt128.Parse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
        return new VolumeTables(at.Metadata, 1).FindInode(id);
    }

    private static void Expect(Errno error) => Assert.Equal(Errno.OK, error);
}
