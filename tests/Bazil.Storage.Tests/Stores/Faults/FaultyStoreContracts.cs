using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Stores.Faults;

/// <summary>A store keeps its contract towards whoever repeats what failed, though a third of all calls go wrong.</summary>
public abstract class FaultyStoreContract : ObjectStoreContract, IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    protected string Path => _directory["store"];

    protected abstract IObjectStore Open();

    protected override ValueTask<IObjectStore> CreateAsync()
    {
        Seed seed = Seed.Take(20261123);
        TestContext.Current.SendDiagnosticMessage($"{seed}");
        return new(new RepeatingStore(new FaultyStore(Open(), new FaultPlan(seed, 0.3, Fault.Late, Fault.Failing, Fault.Failing, Fault.Lost, Fault.Lost))));
    }
}

public sealed class FaultyMemoryStoreTests : FaultyStoreContract
{
    protected override IObjectStore Open() => new MemoryObjectStore("memory");
}

public sealed class FaultyFilesStoreTests : FaultyStoreContract
{
    protected override IObjectStore Open() => FilesObjectStore.Open("files", Path);
}

public sealed class FaultyArenaStoreTests : FaultyStoreContract
{
    protected override IObjectStore Open() => ArenaStore.Open("arena", Path, new ArenaOptions { Trust = ArenaTrust.Compare });
}
