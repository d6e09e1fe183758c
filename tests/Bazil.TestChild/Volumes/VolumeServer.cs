using System.Runtime.InteropServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.Fuse;
using Bazil.Storage.Arena;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Unix;

namespace Bazil.TestChild.Volumes;

/// <summary>
/// A daemon of one volume and nothing else: the database and the objects lie in a directory, the volume is mounted. It says
/// <c>ready</c>, unmounts on SIGTERM with everything durable and says <c>done</c>. Messages go to standard error.
/// </summary>
internal static class VolumeServer
{
    private const string Name = "test";
    private const long CacheBytes = 32 << 20;

    /// <summary>Opens the volume in a directory, made if there is none, and mounts it.</summary>
    internal static Task<int> RunAsync(string directory, string mountpoint) => RunAsync(directory, async options =>
    {
        await using Volume volume = Volume.Open(options);
        await ServeAsync(volume, mountpoint);
    });

    /// <summary>Adds files to the volume in a directory, made if there is none.</summary>
    internal static Task<int> FillAsync(string directory, int fileCount) => RunAsync(directory, options =>
    {
        VolumeFiller.Fill(options, fileCount);
        return Task.CompletedTask;
    });

    private static async Task<int> RunAsync(string directory, Func<VolumeOptions, Task> work)
    {
        using SigningKey identity = SigningKey.FromSeed(KeyBytes(1));
        using var sharingKey = new SharingKey(KeyBytes(2));
        string database = Path.Combine(directory, "meta");
        bool isNew = !Directory.Exists(database);
        using RocksDbMetadataStore metadata = isNew
            ? RocksDbMetadataStore.Create(database, TimeProvider.System)
            : RocksDbMetadataStore.Open(database, TimeProvider.System);
        var entropy = new SodiumEntropy();
        await using var objects = new CollectingObjectStore(ArenaStore.Open("local", Path.Combine(directory, "objects"), new ArenaOptions()), metadata, entropy);
        metadata.SyncFirst = () => objects.SyncAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var chunks = new CachingChunkStore(new ConvergentChunkStore(sharingKey, objects), new ChunkCache(CacheBytes));
        await using var budget = new DirtyBudget();
        var options = new VolumeOptions
        {
            Name = Name,
            Id = VolumeId.Read(KeyBytes(3).AsSpan(0, VolumeId.Size)),
            LocalNumber = 1,
            Identity = identity,
            Metadata = metadata,
            Chunks = chunks,
            Blobs = new BlobContext(chunks, budget),
            Clock = TimeProvider.System,
            Entropy = entropy,
            OwnerId = UnixUser.EffectiveUserId,
            GroupId = UnixUser.EffectiveGroupId,
            CollectionGeneration = () => objects.Generation,
            Nickname = _ => null,
            Statistics = () => VolumeSpace.Of(directory),
            Log = (message, exception) => Console.Error.WriteLine(exception is IOException ? message : $"{message} {exception}"),
        };
        if (isNew) Volume.Create(options, isOwn: true);
        await work(options);
        Console.WriteLine("done");
        return 0;
    }

    private static async Task ServeAsync(Volume volume, string mountpoint)
    {
        Console.WriteLine($"patched {volume.PatchedFileCount}");
        var options = new FuseMountOptions
        {
            Mountpoint = mountpoint,
            FileSystemName = Name,
            Subtype = "bazil",
            AllowOther = true,
            AllowSetUserIdAndDevices = true,
            Capabilities = VolumeFileSystem.Capabilities,
            MapException = VolumeFileSystem.MapException,
        };
        await using FuseMount mount = await FuseMount.MountAsync(
            options,
            new VolumeFileSystem(volume),
            (level, message, exception) => Console.Error.WriteLine($"{level}: {message} {exception}"),
            CancellationToken.None);
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true; // Unmount first, then end.
            stop.TrySetResult();
        });
        Console.WriteLine("ready");
        await Task.WhenAny(stop.Task, mount.Completion);
    }

    /// <summary>A key that is the same at every start.</summary>
    private static byte[] KeyBytes(byte number)
    {
        byte[] bytes = new byte[SharingKey.Size];
        bytes.AsSpan().Fill(number);
        return bytes;
    }
}
