using System.Buffers;
using Amazon.S3.Model;
using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;
using Bazil.Remotes.S3;
using Bazil.Remotes.Tests.Packs;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;
using Bazil.Testing.S3;

namespace Bazil.Remotes.Tests.S3;

/// <summary>Packs in a bucket of Ceph's gateway.</summary>
public sealed class S3PackStoreTests : ObjectStoreContract, IDisposable
{
    private static readonly CancellationToken _none = CancellationToken.None;

    private readonly List<MemoryMetadataStore> _databases = [];

    public void Dispose()
    {
        foreach (MemoryMetadataStore database in _databases) database.Dispose();
    }

    [Fact]
    public async Task Nodes_that_meet_in_an_empty_bucket_at_once_make_one_store_of_it()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        PackStore[] nodes = [.. Enumerable.Range(0, 4).Select(_ => Open(server, bucket))];
        Guid[] ids = await Task.WhenAll(nodes.Select(static node => node.MeetAsync(_none)));
        Assert.Single(ids.Distinct());
        for (int node = 0; node < nodes.Length; node++) await nodes[node].PutAsync(PackFormatTests.Id(node), Content(node, 1000), _none);
        foreach (PackStore node in nodes) await node.DisposeAsync();
        await using PackStore another = Open(server, bucket);
        for (int node = 0; node < nodes.Length; node++) Assert.Equal(Content(node, 1000), await ReadAsync(another, node));
    }

    [Fact]
    public async Task Prefixes_of_one_bucket_are_stores_of_their_own_and_foreign_things_are_no_store()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using PackStore one = Open(server, bucket, "one"), other = Open(server, bucket, "other");
        await one.PutAsync(PackFormatTests.Id(1), Content(1, 1000), _none);
        await one.SyncAsync(_none);
        Assert.Null(await ReadAsync(other, 1));
        Assert.NotEqual(await one.MeetAsync(_none), await other.MeetAsync(_none));
        await using PackStore whole = Open(server, bucket);
        StoreException foreign = await Assert.ThrowsAsync<StoreException>(() => whole.MeetAsync(_none));
        Assert.Contains("has other things in it", foreign.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("bazil-store", await server.ListAsync(bucket));
    }

    [Fact]
    public async Task Packs_that_somebody_damages_replaces_or_removes_are_noticed_and_sent_again()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using PackStore store = Open(server, bucket);
        for (int pack = 0; pack < 3; pack++)
        {
            await store.PutAsync(PackFormatTests.Id(pack), Content(pack, 50_000), _none);
            await store.SyncAsync(_none);
        }

        foreach (string name in (await server.ListAsync(bucket)).Where(static name => name.EndsWith(".pack", StringComparison.Ordinal)).ToList())
        {
            using GetObjectResponse found = await server.Client.GetObjectAsync(bucket, name, _none);
            byte[] content = new byte[found.ContentLength];
            await found.ResponseStream.ReadExactlyAsync(content, _none);
            if (content.AsSpan().IndexOf(Content(0, 50_000)) == 0) content[100] ^= 1;
            else if (content.AsSpan().IndexOf(Content(1, 50_000)) == 0) content = "an attacker was here"u8.ToArray();
            else await server.Client.DeleteObjectAsync(bucket, name, _none);
            if (content.AsSpan().IndexOf(Content(2, 50_000)) < 0) await server.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = name, InputStream = new MemoryStream(content) }, _none);
        }

        int losses = 0;
        store.Lost += () => losses++;
        await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(store, 0));
        await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(store, 1));
        StoreException hidden = await Assert.ThrowsAsync<StoreException>(() => ReadAsync(store, 2));
        Assert.Contains("may be in a pack that cannot be read", hidden.Message, StringComparison.Ordinal);
        Assert.InRange(losses, 3, 4);
        for (int number = 0; number < 3; number++)
        {
            Assert.False(store.KnowsForSure(PackFormatTests.Id(number)));
            await store.PutAsync(PackFormatTests.Id(number), Content(number, 50_000), _none);
        }

        await store.SyncAsync(_none);
        for (int number = 0; number < 3; number++) Assert.Equal(Content(number, 50_000), await ReadAsync(store, number));
        await using PackStore fresh = Open(server, bucket);
        for (int number = 1; number < 3; number++) Assert.Equal(Content(number, 50_000), await ReadAsync(fresh, number));
        Assert.Contains("a pack does not have 20 bytes", Assert.Single(fresh.DamagedPacks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_store_in_the_bucket_takes_no_pack()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        PackStore store = Open(server, bucket);
        await store.PutAsync(PackFormatTests.Id(1), Content(1, 1000), _none);
        await store.SyncAsync(_none);
        foreach (string name in await server.ListAsync(bucket)) await server.Client.DeleteObjectAsync(bucket, name, _none);
        await using (PackStore other = Open(server, bucket)) await other.MeetAsync(_none);
        await store.PutAsync(PackFormatTests.Id(2), Content(2, 1000), _none);
        StoreException replaced = await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(_none));
        Assert.Contains("another store than before", replaced.Message, StringComparison.Ordinal);
        Assert.Equal(["bazil-store"], await server.ListAsync(bucket));
        await store.AbandonAsync();
    }

    [Fact]
    public async Task Gateway_that_is_killed_and_started_again_loses_nothing()
    {
        S3ServerExtensions.Require();
        using var server = new S3Server();
        string bucket = await server.MakeBucketAsync();
        await using PackStore store = Open(server, bucket);
        await store.PutAsync(PackFormatTests.Id(0), Content(0, 1000), _none);
        await store.SyncAsync(_none);

        // In the middle of uploads: some parts of some packs are there, and nobody was told.
        const int Count = 45, SizeBytes = 1 << 20;
        for (int number = 1; number <= Count; number++) await store.PutAsync(PackFormatTests.Id(number), Content(number, SizeBytes), _none);
        Task sync = store.SyncAsync(_none).AsTask();
        server.Stop();
        StoreException away = await Assert.ThrowsAsync<StoreException>(() => sync);
        Assert.True(away.IsUnreachable);
        away = await Assert.ThrowsAsync<StoreException>(() => ReadAsync(store, 0));
        Assert.True(away.IsUnreachable);
        Assert.Equal(Content(Count, SizeBytes), await ReadAsync(store, Count)); // from memory
        server.Start();
        await store.SyncAsync(_none);
        await using PackStore another = Open(server, bucket);
        for (int number = 1; number <= Count; number++) Assert.Equal(Content(number, SizeBytes), await ReadAsync(another, number));
        Assert.Empty(another.DamagedPacks);
    }

    protected override async ValueTask<IObjectStore> CreateAsync()
    {
        S3Server server = S3ServerExtensions.Shared;
        return Open(server, await server.MakeBucketAsync());
    }

    private PackStore Open(S3Server server, string bucket, string prefix = "")
    {
        var database = new MemoryMetadataStore();
        _databases.Add(database);
        return new PackStore(server.OpenFolder(bucket, prefix), database, new SodiumEntropy(), TimeProvider.System, TestNode.KeyOf(database), mayMake: true);
    }

    private static async Task<byte[]?> ReadAsync(PackStore store, int number)
    {
        using IMemoryOwner<byte>? found = await store.GetAsync(PackFormatTests.Id(number), _none);
        return found?.Memory.ToArray();
    }

    private static byte[] Content(int seed, int size)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
