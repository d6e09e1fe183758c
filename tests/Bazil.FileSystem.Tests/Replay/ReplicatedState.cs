using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Tests.Replay;

/// <summary>The replicated state of a replica and the tree that it shows, in the words of docs/model/sync_trace.py.</summary>
internal static class ReplicatedState
{
    public static string Describe(World world, Replica replica)
    {
        var tables = new VolumeTables(replica.Metadata, 1);
        Knowledge knowledge = VolumeState.ReadKnowledge(tables);
        HashSet<InodeId> revived = [.. tables.ReadInodes(Table.Revived)];
        string NameOf(PeerId peer) => world.Replicas.Single(other => other.Id == peer).Name;
        var lines = new List<string> { $"knowledge {Show(knowledge)}", $"horizon {Show(VolumeState.ReadHorizon(tables))}" };
        lines.AddRange(MemberTable.ReadAll(tables).Where(member => member.Key != replica.Id && !member.Value.IsEmpty)
            .Select(member => $"member {NameOf(member.Key)} {Show(member.Value)}").Order(StringComparer.Ordinal));
        foreach (NodeRecord node in StateReader.Records(replica.Metadata).Where(node => node.Id != NodeId.Root).OrderBy(node => node.Id))
        {
            lines.Add($"node {Short(node.Id.Creation)} {Kind(node)} stamp {Show(node.Stamp)} beyond {Show(Beyond(node.Reference, knowledge))} doubt {(revived.Contains(node.Inode) ? 1 : 0)} shown {Text(node.ShownContent?.Value)}");
            Add(lines, "content", node.Content, Text);
            Add(lines, "attr", node.Attributes, value => Convert.ToString(value.Mode & 0xFFF, 8));
            Add(lines, "member", node.Members, NameOf);
            Add(lines, "ended", node.Ended, value => value.ToString());
            foreach (Link link in node.Links)
            {
                lines.Add($"  link {Short(link.Id)} {Pairs(link.Places, Describe)} last {Short(link.Last.Version)}={Describe(link.Last.Value)} gone {Short(link.Gone)}");
            }
        }

        lines.AddRange(TreeReader.Read(replica, Describe).Select(entry => $"{entry.Key} {entry.Value}"));
        return string.Join('\n', lines);
    }

    /// <summary>As the model writes versions.</summary>
    public static string Short(Version version)
    {
        if (version == NodeId.Root.Creation) return "0.root";
        if (version == NodeId.Members.Creation) return "0.members";
        return version.IsNone ? "0." : $"{version.Tick}.{version.Replica}";
    }

    public static string Describe(Place place) => $"{Short(place.Parent.Creation)}/{place.Name}";

    public static string Text(ContentValue? content) => content is null ? "" : Encoding.UTF8.GetString(content.Bytes.Span);

    public static string Show(Knowledge knowledge) => string.Join(' ', knowledge.Select(entry => $"{entry.Key}:{entry.Value}").Order(StringComparer.Ordinal));

    private static string Kind(NodeRecord node) => node.IsVolumeWide ? "m" : node.IsDirectory ? "d" : "f";

    private static Knowledge Beyond(Knowledge reference, Knowledge knowledge) => Knowledge.Of(reference.Where(entry => entry.Value > knowledge[entry.Key]));

    private static void Add<T>(List<string> lines, string facet, Facet<T> values, Func<T, string> describe)
        where T : IEquatable<T>
    {
        if (!values.IsEmpty) lines.Add($"  {facet} {Pairs(values, describe)}");
    }

    private static string Pairs<T>(Facet<T> values, Func<T, string> describe)
        where T : IEquatable<T> => string.Join(' ', values.Pairs.ToArray().Select(pair => $"{Short(pair.Version)}={describe(pair.Value)}"));

    private static string Describe(ShownName shown)
    {
        static string Entries(Claim[] claims) => string.Join(' ', claims.Select(claim => $"{Short(claim.Node.Creation)}:{Short(claim.LinkId)}"));
        return $"directories [{string.Join(' ', shown.Directories.Select(claim => Short(claim.Node.Creation)))}] files [{Entries(shown.Files)}] conflicts [{Entries(shown.Conflicts)}]";
    }
}
