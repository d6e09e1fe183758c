using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;
using Bazil.Remotes.Sftp;
using Bazil.Remotes.Tests.Folders;
using Bazil.Remotes.Tests.Sftp;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;

namespace Bazil.Remotes.Tests.Packs;

public sealed class PackStoreContractTests : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> CreateAsync() => new(new PackStore(new MemoryFolder(), new MemoryMetadataStore(), new SodiumEntropy(), mayMake: true));
}

/// <summary>The same on a real SFTP server.</summary>
public sealed class SftpPackStoreContractTests : ObjectStoreContract, IDisposable
{
    private readonly SftpServer _server = new();

    public void Dispose() => _server.Dispose();

    protected override ValueTask<IObjectStore> CreateAsync() =>
        new(new PackStore(new SftpFolder(_server.Address, _server.Options, new SodiumEntropy()), new MemoryMetadataStore(), new SodiumEntropy(), mayMake: true));
}
