using System.Buffers;
using Bazil.Core;
using Bazil.Server.Peers;
using Bazil.Storage.Stores;

namespace Bazil.Server.Tests.Peers;

public sealed class OfferedStoreTests : IAsyncDisposable
{
    private static readonly ObjectId Id = new(Enumerable.Repeat((byte)1, 32).ToArray());

    private readonly MemoryObjectStore _ours = new("local");
    private readonly MemoryObjectStore _puts = new("put here by the peer");
    private readonly OfferedStore _offered;

    public OfferedStoreTests() => _offered = new OfferedStore("offered", [_ours], _puts);

    public async ValueTask DisposeAsync()
    {
        await _offered.DisposeAsync();
        await _puts.DisposeAsync();
        await _ours.DisposeAsync();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_peer_puts_never_reaches_our_own_store()
    {
        await _offered.PutAsync(Id, "forged"u8.ToArray(), Cancel);

        Assert.False(await _ours.HasAsync(Id, Cancel));
        Assert.Equal("forged"u8.ToArray(), await ReadAsync(_puts));
        Assert.Equal("forged"u8.ToArray(), await ReadAsync(_offered));
    }

    [Fact]
    public async Task Our_own_object_is_served_before_the_peers()
    {
        await _offered.PutAsync(Id, "forged"u8.ToArray(), Cancel);
        await _ours.PutAsync(Id, "genuine"u8.ToArray(), Cancel);

        Assert.Equal("genuine"u8.ToArray(), await ReadAsync(_offered));
        Assert.True(await _offered.HasAsync(Id, Cancel));
    }

    [Fact]
    public async Task Peer_can_neither_delete_nor_list_our_objects()
    {
        await _ours.PutAsync(Id, "genuine"u8.ToArray(), Cancel);

        await Assert.ThrowsAsync<StoreException>(async () => await _offered.DeleteAsync(Id, Cancel));
        Assert.True(await _ours.HasAsync(Id, Cancel));
        Assert.Empty(await _offered.ListAsync(Cancel).ToListAsync(Cancel));
    }

    private static async Task<byte[]?> ReadAsync(IObjectStore store)
    {
        using IMemoryOwner<byte>? found = await store.GetAsync(Id, Cancel);
        return found?.Memory.ToArray();
    }
}
