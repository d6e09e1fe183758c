using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Packs;
using Bazil.Remotes.Tests.Folders;
using Bazil.Remotes.Tests.S3;
using Bazil.Remotes.Tests.Sftp;
using Bazil.Storage.Arena;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;
using Bazil.Storage.Tests.Stores.Faults;
using Bazil.Testing;
using Bazil.Testing.S3;
using Bazil.Testing.Sftp;
using Bazil.Unix;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>A reader of objects that stores of six different kinds have, five where there is no S3 server, all but one of which are late, fail, lie, cut off and hang, in turn.</summary>
public sealed class FaultyReadsTests : IAsyncDisposable
{
    private const int ObjectCount = 200;
    private const int Rounds = 20;
    private const int ReadsPerRound = 25;

    /// <summary>One hedge delay for each store that hangs, which is two seconds at most; and what a busy machine takes.</summary>
    private static readonly TimeSpan ReadMax = TimeSpan.FromSeconds(20);

    private readonly TempDirectory _directory = new("faulty");
    private readonly SftpServer _server = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task One_store_that_is_well_is_enough_and_no_wrong_byte_gets_through()
    {
        Seed seed = Seed.Take(20261125);
        TestContext.Current.SendDiagnosticMessage($"{seed}");
        Random random = seed.CreateRandom();
        Fault[] kinds = [.. FaultPlan.All];
        FaultPlan[] plans = [.. Enumerable.Range(0, 6).Select(number => new FaultPlan(new Seed(seed.Value + number), 0, kinds))];
        IObjectStore[] stores =
        [
            new FaultyStore(new MemoryObjectStore("memory"), plans[0]),
            new FaultyStore(FilesObjectStore.Open("files", _directory["files"]), plans[1]),
            new FaultyStore(ArenaStore.Open("arena", _directory["arena"], new ArenaOptions { Trust = ArenaTrust.Compare }), plans[2]),
            Packs(new FaultyFolder(new DirectoryFolder("disk:blue", () => DirectoryHandle.Open(_directory.Path), "packs", new SodiumEntropy(), TimeProvider.System), plans[3])),
            Packs(new FaultyFolder(_server.OpenFolder(), plans[4])),
            .. S3Server.WhyNone is null ? [Packs(new FaultyFolder(S3Server.Shared.OpenFolder(await S3Server.Shared.MakeBucketAsync()), plans[5]))] : (IObjectStore[])[],
        ];
        Dictionary<ObjectId, byte[]> objects = Enumerable.Range(0, ObjectCount).Select(number => Bytes(seed.Value + number)).ToDictionary(static bytes => new ObjectId(SHA256.HashData(bytes)));
        foreach (IObjectStore store in stores)
        {
            foreach ((ObjectId id, byte[] bytes) in objects) await store.PutAsync(id, bytes, Cancel);
            await store.SyncAsync(Cancel);
        }

        GuardedObjectStore[] guarded = [.. stores.Select(static store => new GuardedObjectStore(store, isGivenUp: true, TimeProvider.System))];
        await using (var multi = new MultiObjectStore("local", new MemoryObjectStore("local"), guarded, [], TimeProvider.System))
        {
            for (int round = 0; round < Rounds; round++)
            {
                int well = random.Next(stores.Length);
                for (int number = 0; number < stores.Length; number++) plans[number].Share = number == well ? 0 : random.NextDouble();

                // What it did wrong before counts no more: it is well now, and somebody has noticed.
                await guarded[well].NoteReachedAsync();
                await Parallel.ForEachAsync(Enumerable.Range(0, ReadsPerRound).Select(_ => objects.ElementAt(random.Next(ObjectCount))).ToArray(), Cancel, async (wanted, cancel) =>
                    await ReadAsync(multi, wanted.Key, wanted.Value, $"{seed}, round {round}", cancel));
            }
        }

        foreach (GuardedObjectStore store in guarded) await store.DisposeAsync();
    }

    private static async Task ReadAsync(MultiObjectStore multi, ObjectId id, byte[] right, string when, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        using IMemoryOwner<byte>? read = await multi.GetVerifiedAsync(id, new HashVerifier(), cancel).AsTask().WaitAsync(ReadMax, cancel);
        Assert.True(read is not null && read.Memory.Span.SequenceEqual(right), $"{when}: wrong bytes of {id}");
        Assert.True(watch.Elapsed < ReadMax, $"{when}: it took {watch.Elapsed}");
        await multi.Local.DeleteAsync(id, cancel);
    }

    private static PackStore Packs(IRemoteFolder folder) => new(folder, new MemoryMetadataStore(), new SodiumEntropy(), TimeProvider.System, TestNode.Key(1), mayMake: true);

    private static byte[] Bytes(int seed)
    {
        var random = new Random(seed);
        byte[] bytes = new byte[random.Next(1, 70_000)];
        random.NextBytes(bytes);
        return bytes;
    }

    private sealed class HashVerifier : IObjectVerifier
    {
        public void Verify(ObjectId id, string store, bool isLocal, ReadOnlySpan<byte> sealedObject)
        {
            if (new ObjectId(SHA256.HashData(sealedObject)) != id) throw new CorruptObjectException(id, store, "wrong bytes");
        }
    }
}
