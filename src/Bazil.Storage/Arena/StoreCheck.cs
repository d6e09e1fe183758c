using Bazil.Core;
using Bazil.Storage.Pacing;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>A verification under way.</summary>
internal sealed class StoreCheck(BytePace pace)
{
    private long _objectCount;
    private long _bytes;

    public BytePace Pace => pace;

    public HashSet<ObjectId> DamagedIds { get; } = [];

    public List<StoreProblem> Problems { get; } = [];

    public void CountRight(int sizeBytes)
    {
        _objectCount++;
        _bytes += sizeBytes;
    }

    public DamageReport Report(Predicate<ObjectId> hasGoodCopy) =>
        new(_objectCount, _bytes, [.. DamagedIds.Where(id => !hasGoodCopy(id)).Order()], Problems);
}
