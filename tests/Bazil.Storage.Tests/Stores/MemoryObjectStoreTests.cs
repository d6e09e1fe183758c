using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;

namespace Bazil.Storage.Tests.Stores;

public sealed class MemoryObjectStoreTests : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> CreateAsync() => ValueTask.FromResult<IObjectStore>(new MemoryObjectStore("memory"));
}
