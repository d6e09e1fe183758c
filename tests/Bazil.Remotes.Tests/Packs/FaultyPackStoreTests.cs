using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Packs;
using Bazil.Remotes.Tests.Folders;
using Bazil.Remotes.Tests.Sftp;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;
using Bazil.Storage.Tests.Stores.Faults;
using Bazil.Testing;
using Bazil.Testing.Sftp;
using Bazil.Unix;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>A pack store keeps its contract towards whoever repeats what failed, though a fifth of what it asks of its folder goes wrong.</summary>
public abstract class FaultyPackStoreContract : ObjectStoreContract
{
    internal abstract IRemoteFolder OpenFolder();

    protected override ValueTask<IObjectStore> CreateAsync()
    {
        Seed seed = Seed.Take(20261124);
        TestContext.Current.SendDiagnosticMessage($"{seed}");
        var folder = new FaultyFolder(OpenFolder(), new FaultPlan(seed, 0.2, Fault.Late, Fault.Failing, Fault.Failing, Fault.Lost, Fault.Lost));
        return new(new RepeatingStore(new PackStore(folder, new MemoryMetadataStore(), new SodiumEntropy(), TimeProvider.System, TestNode.Key(1), mayMake: true)));
    }
}

public sealed class FaultyDirectoryPackStoreTests : FaultyPackStoreContract, IDisposable
{
    private readonly TempDirectory _directory = new("faulty");

    public void Dispose() => _directory.Dispose();

    internal override IRemoteFolder OpenFolder() => new DirectoryFolder("disk:blue", () => DirectoryHandle.Open(_directory.Path), "store", new SodiumEntropy(), TimeProvider.System);
}

public sealed class FaultySftpPackStoreTests : FaultyPackStoreContract, IDisposable
{
    private readonly SftpServer _server = new();

    public void Dispose() => _server.Dispose();

    internal override IRemoteFolder OpenFolder() => _server.OpenFolder();
}
