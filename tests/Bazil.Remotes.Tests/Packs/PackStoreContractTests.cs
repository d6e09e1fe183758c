using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;
using Bazil.Remotes.Sftp;
using Bazil.Remotes.Tests.Folders;
using Bazil.Remotes.Tests.Sftp;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;
using Bazil.Testing.Sftp;

namespace Bazil.Remotes.Tests.Packs;

public sealed class PackStoreContractTests : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> CreateAsync() => new(new PackStore(new MemoryFolder(), new MemoryMetadataStore(), new SodiumEntropy(), TimeProvider.System, TestNode.Key(1), mayMake: true));
}

/// <summary>The same on a real SFTP server.</summary>
public sealed class SftpPackStoreContractTests : ObjectStoreContract, IDisposable
{
    private readonly SftpServer _server = new();

    public void Dispose() => _server.Dispose();

    protected override ValueTask<IObjectStore> CreateAsync() =>
        new(new PackStore(_server.OpenFolder(), new MemoryMetadataStore(), new SodiumEntropy(), TimeProvider.System, TestNode.Key(1), mayMake: true));
}
