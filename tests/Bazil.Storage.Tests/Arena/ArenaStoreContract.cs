using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Arena;

/// <summary>The contract on a real disk, with segments so small that the tests fill several.</summary>
public abstract class ArenaStoreContract(ArenaTrust trust) : ObjectStoreContract, IDisposable
{
    private readonly TempDirectory _directory = new();

    protected override bool ReplacesDifferentBytes => trust == ArenaTrust.Compare;

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override ValueTask<IObjectStore> CreateAsync() => ValueTask.FromResult<IObjectStore>(
        ArenaStore.Open("arena", _directory["store"], new ArenaOptions { Trust = trust, SegmentSizeBytesMax = 16 * 1024 }));
}
