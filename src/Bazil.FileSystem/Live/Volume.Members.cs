using Bazil.Core;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Live;

// Who takes part in a volume.
public sealed partial class Volume
{
    /// <summary>The members of the volume, this one among them, in the order in which they came.</summary>
    public IReadOnlyList<MemberState> DescribeMembers()
    {
        lock (_gate)
        {
            Knowledge known = _store.State.Knowledge;
            return [.. new Transaction(_store).Members().Select(member => Describe(member, known))];
        }
    }

    /// <summary>
    /// Whether what these changes name is kept here until the asker vouches for changes that drop it: both are members as it is known here, and this node knows the changes by completed pulls.
    /// </summary>
    public bool KeepsFor(PeerId asker, Knowledge changes)
    {
        lock (_gate)
        {
            PeerId[] members = [.. new Transaction(_store).Members()];
            return members.Contains(_store.Self) && members.Contains(asker) && changes.IsCoveredBy(_store.State.Knowledge);
        }
    }

    private MemberState Describe(PeerId member, Knowledge known)
    {
        if (member == _store.Self) return new MemberState(member, true, true);
        Knowledge theirs = _store.ReadMemberKnowledge(member);
        return new MemberState(member, known.IsCoveredBy(theirs), !theirs.IsEmpty);
    }
}
