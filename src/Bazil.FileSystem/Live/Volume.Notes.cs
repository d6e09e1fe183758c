using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// What is told to members that are connected, and what is known of them.
public sealed partial class Volume
{
    /// <summary>Counts what pulls taught of other members, and changes to the list of snapshots, since the start; guarded by the gate.</summary>
    private ulong _revision;

    /// <summary>
    /// Raised after each change, whoever made it, and after each new snapshot, under the volume's gate: handlers return at once and do not call the volume. There may be nothing new in it.
    /// </summary>
    public event Action? RowsChanged;

    /// <summary>What other members are told of this replica now. It becomes durable with the next sync.</summary>
    public ChangeNote Note(out Knowledge knowledge)
    {
        ulong revision;
        lock (_gate) (knowledge, revision) = (_store.State.Knowledge, _revision);
        return new ChangeNote(PullRequest.DigestOf(knowledge), revision, IsPaused: false);
    }

    /// <summary>What a member knew at the last completed pull from it, or when another member heard of it.</summary>
    public Knowledge KnowledgeOf(PeerId member)
    {
        lock (_gate) return _store.ReadMemberKnowledge(member);
    }

    /// <summary>Files, directories and links that somebody with this knowledge has not got as they are here; at most <paramref name="most"/> of them are counted.</summary>
    public int CountBeyond(Knowledge known, int most) => NodesBeyond(known, most).Count;

    /// <summary>The same, and the snapshots of this node that somebody who has seen to this much has not got.</summary>
    public int CountBeyond(ContentMark seen, int most)
    {
        int nodes = CountBeyond(seen.Knowledge, most);
        int snapshots = ListSnapshots().Select(static snapshot => snapshot.Key).Distinct().Count(key => !seen.Snapshots.Contains(key));
        return Math.Min(most, nodes + snapshots);
    }

    /// <summary>Bytes of the contents that somebody with this knowledge has not heard of; null when more than so many nodes have changed.</summary>
    public long? CountContentBeyond(Knowledge known, int mostNodes)
    {
        HashSet<NodeId> nodes = NodesBeyond(known, mostNodes + 1);
        if (nodes.Count > mostNodes) return null;
        long bytes = 0;
        foreach (NodeId node in nodes)
        {
            NodeRecord? record;
            InodeId inode = _store.Tables.FindInode(node);
            lock (_gate) record = inode == default ? null : _store.Read(inode);
            if (record is null) continue;
            foreach (FacetPair<ContentValue> pair in record.Content.Pairs)
            {
                if (!known.Covers(pair.Version)) bytes += (long)pair.Value.SizeBytes;
            }
        }

        return bytes;
    }

    private HashSet<NodeId> NodesBeyond(Knowledge known, int most)
    {
        VolumeTables tables = _store.Tables;
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Change).Bytes.ToArray();
        byte[] key = new byte[MetadataKey.MaxSize];
        Knowledge here;
        lock (_gate) here = _store.State.Knowledge;
        var nodes = new HashSet<NodeId>();
        foreach ((ReplicaId replica, ulong tick) in here)
        {
            if (tick <= known[replica]) continue;
            byte[] from = tables.Key(key, Table.Change).Add(replica).Add(known[replica] + 1).Bytes.ToArray();
            byte[] to = tables.Key(key, Table.Change).Add(replica).Add(ulong.MaxValue).Bytes.ToArray();
            using IMetadataCursor cursor = tables.Reader.Scan(from, to);
            while (nodes.Count < most && cursor.MoveNext()) nodes.Add(NodeId.Read(cursor.Key[(prefix.Length + ReplicaId.Size + sizeof(ulong))..]));
        }

        return nodes;
    }
}
