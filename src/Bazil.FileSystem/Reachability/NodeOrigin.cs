using Bazil.Core;
using Bazil.FileSystem.Live;

namespace Bazil.FileSystem.Reachability;

/// <summary>Content of a node of the live tree.</summary>
/// <param name="tables">The view that is walked.</param>
/// <param name="inode">The node.</param>
/// <param name="remark">What is special about it, such as <c>open</c>; null for nothing.</param>
internal sealed class NodeOrigin(VolumeTables tables, InodeId inode, string? remark) : ContentOrigin
{
    /// <summary>Deeper than any path that a program can name; ends a walk through a cycle of directories.</summary>
    private const int DepthMax = 4096;

    public override string Describe()
    {
        var names = new List<string>();
        InodeId at = inode;
        while (at != InodeId.Root && names.Count < DepthMax)
        {
            if (tables.ReadRecord(at, static _ => Knowledge.Empty) is not { } record || record.Places() is not [var place, ..])
            {
                names.Add($"inode {at}");
                break;
            }

            names.Add(place.Place.Name.ToString());
            at = place.Place.Parent == NodeId.Root ? InodeId.Root : tables.FindInode(place.Place.Parent);
            if (at == default) break;
        }

        names.Reverse();
        string path = "/" + string.Join('/', names);
        return remark is null ? path : $"{path} ({remark})";
    }
}
