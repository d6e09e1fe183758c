using Bazil.Core;
using Bazil.FileSystem.Checking;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Checking;

/// <summary>A volume whose objects lie in files on the disk, where tests damage them.</summary>
internal sealed class CheckedVolume : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly World _world;
    private FilesObjectStore? _local;

    private CheckedVolume(World world) => _world = world;

    public Replica Replica => _world.Replicas[0];

    /// <summary>A store that has everything whole.</summary>
    public IObjectStore Good => _world.Objects;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<CheckedVolume> CreateAsync() => new(await World.CreateAsync(2));

    /// <summary>Brings all objects that were written so far to the disk.</summary>
    public async Task StoreAsync()
    {
        _local ??= FilesObjectStore.Open("local", _directory["store"]);
        await foreach (ObjectId id in Good.ListAsync(Cancel))
        {
            using var copy = await Good.GetAsync(id, Cancel);
            await _local.PutAsync(id, copy!.Memory, Cancel);
        }

        await _local.SyncAsync(Cancel);
    }

    public string PathOf(ObjectId id) => Directory.GetFiles(_directory["store"], id.ToString(), SearchOption.AllDirectories).Single();

    /// <summary>The objects of what is described by these words, such as <c>/file</c>, at a level of its tree.</summary>
    public async Task<IReadOnlyList<ObjectId>> ObjectsAsync(string origin, ChunkType type, byte level)
    {
        var ids = new List<ObjectId>();
        using IMetadataSnapshot view = Replica.Metadata.Snapshot();
        await foreach (ReachableChunk chunk in new VolumeReachability(view, 1, [], new ConvergentChunkStore(_world.SharingKey, Good)).WalkAsync(Cancel))
        {
            if (chunk.Type == type && chunk.Level == level && chunk.Origin.Describe() == origin) ids.Add(ObjectNaming.IdOf(_world.SharingKey, type, level, chunk.Key));
        }

        return ids;
    }

    public Task<CheckReport> CheckAsync(double readPercent, params IReadOnlyList<IObjectStore> others) =>
        CheckAsync(new CheckOptions { ReadPercent = readPercent }, others);

    public async Task<CheckReport> CheckAsync(CheckOptions options, IReadOnlyList<IObjectStore> others)
    {
        var chunks = new ConvergentChunkStore(_world.SharingKey, new MultiObjectStore(_local!, others));
        IReadOnlyList<HeldContent> held = await Replica.Volume.ListHeldContentAsync(Cancel);
        using IMetadataSnapshot view = Replica.Metadata.Snapshot();
        return await new VolumeCheck(chunks, chunks, options, new Random(1), TimeProvider.System).RunAsync(view, 1, held, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (_local is not null) await _local.DisposeAsync();
        await _world.DisposeAsync();
        _directory.Dispose();
    }
}
