using Bazil.Core.Crypto;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;

namespace Bazil.Storage.Tests.Collection;

public sealed class CollectingObjectStoreContractTests : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> CreateAsync() =>
        ValueTask.FromResult<IObjectStore>(new CollectingObjectStore(new MemoryObjectStore("memory"), new MemoryMetadataStore(), new SodiumEntropy()));
}
