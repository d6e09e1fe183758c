using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Checking;

/// <summary>A store whose machine is off.</summary>
internal sealed class UnreachableStore : IObjectStore
{
    public string Name => "far";

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => throw Failure();

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => throw Failure();

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => throw Failure();

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => throw Failure();

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => throw Failure();

    public ValueTask SyncAsync(CancellationToken cancel) => throw Failure();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static StoreException Failure() => new("store far is off");
}
