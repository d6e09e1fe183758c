using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Arena;

/// <summary>An arena store in a directory of its own, whose files a test may tamper with between two opens.</summary>
internal sealed class ArenaFixture : IDisposable
{
    private readonly TempDirectory _directory = new();

    public ArenaOptions Options { get; init; } = new() { SegmentSizeBytesMax = 16 * 1024, RunsInBackground = false, FreeFloorBytes = 0 };

    public string Root => _directory["store"];

    public string[] SegmentFiles => [.. Directory.GetFiles(Path.Combine(Root, "segments")).Order(StringComparer.Ordinal)];

    public static ObjectId Id(int number)
    {
        byte[] bytes = new byte[ObjectId.Size];
        new Random(number).NextBytes(bytes);
        return new ObjectId(bytes);
    }

    public static byte[] Content(int number, int size)
    {
        byte[] bytes = new byte[size];
        new Random(number + 1_000_000).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The bytes, null when there are none, or a <see cref="CorruptObjectException"/>.</summary>
    public static async Task<byte[]?> ReadAsync(ArenaStore store, ObjectId id)
    {
        using IMemoryOwner<byte>? owner = await store.GetAsync(id, CancellationToken.None);
        return owner?.Memory.ToArray();
    }

    public static async Task<List<StoredObject>> ScanAsync(ArenaStore store)
    {
        var found = new List<StoredObject>();
        await foreach (StoredObject stored in store.ScanAsync(CancellationToken.None)) found.Add(stored);
        return found;
    }

    public ArenaStore Open() => ArenaStore.Open("arena", Root, Options);

    /// <summary>Makes a store with these objects, each of a size, and closes it.</summary>
    public async Task FillAsync(int count, int size)
    {
        await using ArenaStore store = Open();
        for (int number = 0; number < count; number++) await store.PutAsync(Id(number), Content(number, size), default);
        await store.UpkeepAsync(default);
    }

    public void Dispose() => _directory.Dispose();
}
