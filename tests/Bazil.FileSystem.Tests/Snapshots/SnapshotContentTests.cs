using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Snapshots;

public sealed class SnapshotContentTests : IAsyncDisposable
{
    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly SharingKey _sharingKey = new(new byte[SharingKey.Size]);
    private readonly DirtyBudget _budget = new(workerCount: 1);
    private readonly ConvergentChunkStore _chunks;
    private readonly BlobContext _blobs;

    public SnapshotContentTests()
    {
        _chunks = new ConvergentChunkStore(_sharingKey, new MemoryObjectStore("memory"));
        _blobs = new BlobContext(_chunks, _budget);
    }

    public async ValueTask DisposeAsync()
    {
        await _budget.DisposeAsync();
        _sharingKey.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(300_000)]
    public async Task Content_is_read_at_any_offset(int sizeBytes)
    {
        Seed seed = Seed.Take(51);
        Random random = seed.CreateRandom();
        byte[] bytes = new byte[sizeBytes];
        random.NextBytes(bytes);
        SnapshotEntry entry = await SnapshotOfFileAsync(sizeBytes <= Limits.InlineBytesMax ? ContentValue.Inline(bytes, default) : await StoreAsync(bytes));
        await using SnapshotContent content = SnapshotContent.Open(_blobs, entry);
        Assert.Equal((ulong)sizeBytes, content.SizeBytes);
        Assert.Equal((ulong)sizeBytes, entry.SizeBytes);
        for (int round = 0; round < 200; round++)
        {
            int offset = random.Next(sizeBytes + 10);
            byte[] buffer = new byte[random.Next(1, sizeBytes + 10)];
            int count = await content.ReadAsync((ulong)offset, buffer, Never);
            byte[] expected = offset >= sizeBytes ? [] : bytes[offset..Math.Min(sizeBytes, offset + buffer.Length)];
            Assert.True(buffer.AsSpan(0, count).SequenceEqual(expected), $"{buffer.Length} bytes at {offset} of {sizeBytes}; {seed}");
        }

        Assert.Equal(0, await content.ReadAsync(ulong.MaxValue, new byte[1], Never));
    }

    [Fact]
    public async Task Later_change_of_the_file_leaves_the_snapshot_alone()
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)'o', 200_000)];
        ContentValue stored = await StoreAsync(bytes);
        SnapshotEntry entry = await SnapshotOfFileAsync(stored);
        await using (var live = new Blob(_blobs, stored.Manifest))
        {
            await live.WriteAsync(100_000, "changed"u8.ToArray(), Never);
            await live.SaveAsync(Never);
        }

        await using SnapshotContent content = SnapshotContent.Open(_blobs, entry);
        byte[] read = new byte[bytes.Length];
        Assert.Equal(bytes.Length, await content.ReadAsync(0, read, Never));
        Assert.Equal(bytes, read);
    }

    [Fact]
    public async Task Snapshot_is_rebuilt_from_its_key_and_the_sharing_key_alone()
    {
        using var directory = new TempDirectory();
        byte[] bytes = [.. Enumerable.Range(0, 500_000).Select(value => (byte)(value * 7))];
        var tree = new ModelTree();
        string text;
        await using (var objects = new MemoryObjectStore("first"))
        {
            var chunks = new ConvergentChunkStore(_sharingKey, objects);
            await using var blob = new Blob(new BlobContext(chunks, _budget), Manifest.Empty());
            await blob.WriteAsync(0, bytes, Never);
            InodeId folder = tree.AddDirectory(tree.Root, FileName.Parse("folder"));
            tree.AddFile(folder, FileName.Parse("large"), ContentValue.Blob(await blob.SaveAsync(Never), default));
            text = (await new SnapshotWriter(chunks).WriteAsync(tree, Never)).ToString();
            await foreach (ObjectId id in objects.ListAsync(Never))
            {
                using System.Buffers.IMemoryOwner<byte>? sealedObject = await objects.GetAsync(id, Never);
                await File.WriteAllBytesAsync(directory[id.ToString()], sealedObject!.Memory.ToArray(), Never);
            }
        }

        await using var copy = new MemoryObjectStore("copy");
        foreach (string path in Directory.EnumerateFiles(directory.Path))
        {
            Assert.True(ObjectId.TryParse(Path.GetFileName(path), out ObjectId id));
            await copy.PutAsync(id, await File.ReadAllBytesAsync(path, Never), Never);
        }

        using var sameKey = new SharingKey(new byte[SharingKey.Size]);
        var copied = new ConvergentChunkStore(sameKey, copy);
        Assert.True(SnapshotKey.TryParse(text, out SnapshotKey key));
        Snapshot snapshot = await new SnapshotReader(copied).OpenAsync(key, Never);
        await SnapshotComparison.MustEqualAsync(tree, snapshot, "rebuilt");
        SnapshotEntry? entry = await snapshot.FindAsync([FileName.Parse("folder"), FileName.Parse("large")], Never);
        await using SnapshotContent content = SnapshotContent.Open(new BlobContext(copied, _budget), entry!);
        byte[] read = new byte[bytes.Length];
        Assert.Equal(read.Length, await content.ReadAsync(0, read, Never));
        Assert.Equal(bytes, read);
    }

    [Fact]
    public async Task Only_files_have_content_to_open()
    {
        var tree = new ModelTree();
        tree.AddDirectory(tree.Root, FileName.Parse("d"));
        Snapshot snapshot = await new SnapshotReader(_chunks).OpenAsync(await new SnapshotWriter(_chunks).WriteAsync(tree, Never), Never);
        SnapshotEntry? entry = await snapshot.Root.LookupAsync(FileName.Parse("d"), Never);
        Assert.Throws<ArgumentException>(() => SnapshotContent.Open(_blobs, entry!));
    }

    private async Task<ContentValue> StoreAsync(byte[] bytes)
    {
        await using var blob = new Blob(_blobs, Manifest.Empty(16 * 1024));
        await blob.WriteAsync(0, bytes, Never);
        return ContentValue.Blob(await blob.SaveAsync(Never), default);
    }

    private async Task<SnapshotEntry> SnapshotOfFileAsync(ContentValue content)
    {
        var tree = new ModelTree();
        tree.AddFile(tree.Root, FileName.Parse("file"), content);
        Snapshot snapshot = await new SnapshotReader(_chunks).OpenAsync(await new SnapshotWriter(_chunks).WriteAsync(tree, Never), Never);
        SnapshotEntry? entry = await snapshot.Root.LookupAsync(FileName.Parse("file"), Never);
        return entry!;
    }
}
