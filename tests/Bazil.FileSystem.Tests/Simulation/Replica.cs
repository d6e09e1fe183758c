using System.Diagnostics.CodeAnalysis;
using System.Text;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Repair;
using Bazil.FileSystem.Sync;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>
/// One machine of a simulated world: a real volume over a database in memory that can lose what was not synced. Paths are
/// written with slashes; the empty path is the root.
/// </summary>
internal sealed class Replica : IAsyncDisposable
{
    private readonly World _world;
    private readonly SigningKey _identity;
    private readonly IReplicaHost? _host;
    private DirtyBudget _budget = new(workerCount: 1);
    private readonly HeldKeys _held = new();

    public Replica(World world, string name, bool isOwner, IReplicaHost? host = null)
    {
        _world = world;
        _host = host;
        Name = name;
        byte[] seed = new byte[SigningKey.SeedSize];
        Encoding.ASCII.GetBytes(name).CopyTo(seed, 0);
        _identity = SigningKey.FromSeed(seed);
        _held.Add(world.SharingKey);
        Keys = NewKeys();
        Volume.Create(Options(), isOwner);
        Start();
    }

    public string Name { get; }

    /// <summary>Its private key.</summary>
    public SigningKey Identity => _identity;

    public PeerId Id => _identity.PeerId;

    public MemoryMetadataStore Metadata { get; private set; } = new();

    public Volume Volume { get; private set; }

    public VolumeKeys Keys { get; private set; }

    public List<string> Log { get; } = [];

    /// <summary>What lies in this machine's own store, if machines have their own.</summary>
    public MemoryObjectStore OwnObjects { get; } = new("own");

    /// <summary>The store of its own with its garbage collection; made anew with each start.</summary>
    public CollectingObjectStore? Store { get; private set; }

    // -- life

    /// <summary>The daemon starts on what the disk has.</summary>
    [MemberNotNull(nameof(Volume), nameof(Keys))]
    public void Start()
    {
        if (_host is not null) _budget = new DirtyBudget(workerCount: 2, scheduler: _host.Scheduler);
        Keys = NewKeys();
        Volume = Volume.Open(Options());
    }

    /// <summary>The data directory becomes an old copy.</summary>
    public void TakeFrom(IMetadataReader backup) => Metadata = Copy(backup);

    /// <summary>Stops without a crash and starts again, as the daemon does.</summary>
    public async Task RestartAsync()
    {
        await Volume.DisposeAsync();
        Start();
    }

    /// <summary>Power fails: an arbitrary part of what was not synced is lost. Then it starts again.</summary>
    public void PowerCut(Random random)
    {
        Metadata.LoseUnsynced(random);
        Start();
    }

    /// <summary>Stops, repairs its rows, and starts again.</summary>
    public async Task<VolumeRepairReport> RepairAsync(MetadataSalvage salvage)
    {
        await Volume.DisposeAsync();
        Keys = NewKeys();
        VolumeRepairReport report = await VolumeRepair.RunAsync(Options(), salvage, CancellationToken.None);
        Start();
        return report;
    }

    /// <summary>The rows that would take changes back after a power cut now.</summary>
    public List<byte[]> UndoRows()
    {
        var rows = new List<byte[]>();
        using IMetadataCursor cursor = Metadata.ScanPrefix([(byte)Table.Undo]);
        while (cursor.MoveNext()) rows.Add(cursor.Value.ToArray());
        return rows;
    }

    /// <summary>Small changes that were synced and not published yet.</summary>
    public int PatchCount()
    {
        int count = 0;
        using IMetadataCursor cursor = Metadata.ScanPrefix([(byte)Table.Patch]);
        while (cursor.MoveNext()) count++;
        return count;
    }

    /// <summary>A copy of the data directory as it stands.</summary>
    public MemoryMetadataStore Backup()
    {
        Metadata.Sync();
        return Copy(Metadata);
    }

    /// <summary>The data directory is replaced by an old copy, and the daemon starts on it.</summary>
    public void Restore(IMetadataReader backup)
    {
        TakeFrom(backup);
        Start();
    }

    /// <summary>Collects the garbage of this machine's own store.</summary>
    public Task<GarbageReport> CollectAsync(Pace pace, CancellationToken cancel, bool isDryRun = false, Action<SweepOrder>? elsewhere = null)
    {
        IReadOnlyList<SharingKey> keys = Keys.RequireAll();
        var volume = new CollectedVolume(
            "world", Volume, 1, Keys.Uncached, chunk => keys.Select(key => ObjectNaming.IdOf(key, chunk.Type, chunk.Level, chunk.Key)));
        var run = new GarbageRun(Store!, Metadata, Id, _world.Clock)
        {
            Elsewhere = elsewhere is null ? [] : [(order, _) =>
            {
                elsewhere(order);
                return Task.CompletedTask;
            }],
        };
        return run.RunAsync([volume], isDryRun, pace, cancel);
    }

    // -- sharing keys

    /// <summary>As bazil sharing add does.</summary>
    public void AddKey(SharingKey key) => _held.Add(key);

    public void RemoveKey(SharingKey key) => _held.Remove(key);

    /// <summary>Makes a key and rotates the volume to it.</summary>
    public SharingKey Rotate()
    {
        SharingKey key = SharingKey.Generate(_world.Entropy);
        _world.Keys.Add(key);
        AddKey(key);
        Volume.Rotate(key.Fingerprint);
        return key;
    }

    /// <summary>One round of the background task.</summary>
    public Task<bool> ResealAsync() => Volume.ResealAsync(static (_, _) => ValueTask.CompletedTask, CancellationToken.None);

    /// <summary>How far the others let garbage go.</summary>
    public MemberAgreement Agreement()
    {
        using IMetadataSnapshot view = Metadata.Snapshot();
        return VolumeCollection.ReadAgreement(view, 1, Id);
    }

    // -- sync

    public Task<PullResult> PullAsync(Replica from) => Volume.PullAsync(new MemoryLink(this, from, int.MaxValue), CancellationToken.None);

    /// <summary>Pulls what lies at a path, and loses the connection after this many frames.</summary>
    public Task<PullResult> PullAsync(Replica from, string path, int frames = int.MaxValue) => Volume.PullAsync(new MemoryLink(this, from, frames), [.. path.Split('/').Select(static name => FileName.Parse(NameOf(name)))], CancellationToken.None);

    /// <summary>Pulls, unless the sharing key keeps it from that.</summary>
    public async Task TryPullAsync(Replica from)
    {
        try
        {
            await PullAsync(from);
        }
        catch (KeyNotProvedException)
        {
            // It waits for the key, or for the other to get it.
        }
    }

    /// <summary>Pulls, and loses the connection after this many frames.</summary>
    public async Task PullAndLoseAsync(Replica from, int frames)
    {
        try
        {
            await Volume.PullAsync(new MemoryLink(this, from, frames), CancellationToken.None);
        }
        catch (IOException)
        {
            // The connection was lost on purpose.
        }
    }

    // -- files

    public InodeId Find(string path) => TryFind(path) ?? throw new FileNotFoundException($"{Name}: {path}");

    public InodeId? TryFind(string path)
    {
        InodeId inode = InodeId.Root;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            Reply<FuseAttributes> found = Volume.Lookup(inode, Encoding.UTF8.GetBytes(name));
            if (!found.HasValue) return null;
            inode = new InodeId(found.Value.Inode);
        }

        return inode;
    }

    public bool Exists(string path) => TryFind(path) is not null;

    public FuseAttributes Stat(string path) => Volume.GetAttributes(Find(path)).Value;

    public InodeId MakeDirectory(string path) => Create(path, NodeKind.Directory, null);

    /// <summary>Creates a file with its content in one change.</summary>
    public InodeId MakeFile(string path, string text) => Create(path, NodeKind.File, ContentValue.Inline(Encoding.UTF8.GetBytes(text), default));

    public InodeId MakeSymlink(string path, string target) => Create(path, NodeKind.Symlink, ContentValue.Symlink(Encoding.UTF8.GetBytes(target), default));

    /// <summary>Writes a file as a shell redirection does: create or truncate, write, close.</summary>
    public async Task WriteAsync(string path, string text)
    {
        FuseHandle handle = await OpenForWritingAsync(path);
        await WriteAsync(handle, text);
        await CloseAsync(handle);
    }

    public async Task<FuseHandle> OpenForWritingAsync(string path, bool truncate = true)
    {
        InodeId inode = TryFind(path) ?? Create(path, NodeKind.File, ContentValue.Inline([], default));
        FuseHandle handle = Volume.Open(inode, new FuseOpenMode(2)).Value;
        if (truncate) Assert.Equal(Errno.OK, await Volume.TruncateAsync(inode, 0, handle, CancellationToken.None));
        return handle;
    }

    /// <summary>Overwrites a file that may have any name, or several.</summary>
    public async Task WriteAsync(InodeId inode, string text)
    {
        FuseHandle handle = Volume.Open(inode, new FuseOpenMode(2)).Value;
        Assert.Equal(Errno.OK, await Volume.TruncateAsync(inode, 0, handle, CancellationToken.None));
        await WriteAsync(handle, text);
        await CloseAsync(handle);
    }

    public async Task WriteAsync(FuseHandle handle, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(bytes.Length, (await Volume.WriteAsync(handle, 0, bytes, CancellationToken.None)).Value);
    }

    /// <summary>Changes some of an open file.</summary>
    public async Task WriteAsync(FuseHandle handle, long offset, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(bytes.Length, (await Volume.WriteAsync(handle, offset, bytes, CancellationToken.None)).Value);
    }

    public async Task FsyncAsync(FuseHandle handle) => Assert.Equal(Errno.OK, await Volume.FsyncAsync(handle, CancellationToken.None));

    public async Task CloseAsync(FuseHandle handle)
    {
        Assert.Equal(Errno.OK, await Volume.FlushAsync(handle, CancellationToken.None));
        await Volume.ReleaseAsync(handle);
    }

    public Task<string> ReadAsync(string path) => ReadAsync(Find(path));

    public async Task<string> ReadAsync(InodeId inode)
    {
        FuseHandle handle = Volume.Open(inode, new FuseOpenMode(0)).Value;
        byte[] buffer = new byte[Volume.GetAttributes(inode).Value.Size];
        Reply<FuseReadResult> read = await Volume.ReadAsync(handle, 0, buffer, CancellationToken.None);
        Assert.True(read.HasValue);
        await Volume.ReleaseAsync(handle);
        return Encoding.UTF8.GetString(buffer);
    }

    /// <summary>Reads every content that lies in stores, conflicts included.</summary>
    public async Task ReadAllAsync()
    {
        foreach (ContentValue content in StateReader.Records(Metadata).SelectMany(record => record.Content.DistinctValues()).Where(value => value.Form == ContentForm.Blob))
        {
            await ReadAsync(content);
            Assert.Equal(Keys.Newest.Number, content.Manifest.KeyEpoch);
        }
    }

    /// <summary>The bytes of a content, shown or not.</summary>
    public async Task<byte[]> ReadAsync(ContentValue content)
    {
        if (content.Form != ContentForm.Blob) return content.Bytes.ToArray();
        await using var blob = new Blob(new BlobContext(Keys, _budget), content.Manifest);
        byte[] buffer = new byte[content.SizeBytes];
        Assert.Equal(buffer.Length, await blob.ReadAsync(0, buffer, CancellationToken.None));
        return buffer;
    }

    public Errno Unlink(string path) => Volume.Unlink(ParentOf(path), NameOf(path));

    public Errno RemoveDirectory(string path) => Volume.RemoveDirectory(ParentOf(path), NameOf(path));

    public Errno Rename(string path, string newPath, RenameFlags flags = RenameFlags.None) =>
        Volume.Rename(ParentOf(path), NameOf(path), ParentOf(newPath), NameOf(newPath), flags);

    public Errno Link(string path, string newPath) => Link(Find(path), newPath);

    public Errno Link(InodeId inode, string newPath) => Volume.MakeLink(inode, ParentOf(newPath), NameOf(newPath)).Error;

    public Errno Chmod(string path, uint mode) => Chmod(Find(path), mode);

    public Errno Chmod(InodeId inode, uint mode) =>
        Volume.SetAttributes(inode, new AttributeChanges { Fields = AttributeField.Mode, Mode = mode }).Error;

    /// <summary>Gives a named user some permissions.</summary>
    public Errno Grant(string path, byte permissions)
    {
        byte[] list = [2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, permissions, 0, 42, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255];
        return Volume.SetXattr(Find(path), AccessList.AccessName, list, XattrFlags.None);
    }

    /// <summary>The texts of the alternates of a name.</summary>
    public List<string> Alternates(string path) =>
        [.. Volume.ListAlternates(ParentOf(path), FileName.Parse(NameOf(path).ToArray())).Select(alternate => Encoding.UTF8.GetString(alternate.Content.Bytes.Span)).Order()];

    public Errno DropAlternate(string path, int index = 0)
    {
        FileName name = FileName.Parse(NameOf(path).ToArray());
        return Volume.DropAlternate(ParentOf(path), name, Volume.ListAlternates(ParentOf(path), name)[index].Label);
    }

    /// <summary>What is shown, below all directories: path → kind, and alternates.</summary>
    public SortedDictionary<string, string> Tree() => TreeReader.Read(this);

    /// <summary>The replicated state: what all replicas must agree on.</summary>
    public SortedDictionary<string, string> State() => StateReader.Read(Metadata);

    /// <summary>Leaves everything as it is: nobody will start this machine again.</summary>
    public void Abandon() => _identity.Dispose();

    public async ValueTask DisposeAsync()
    {
        await Volume.DisposeAsync();
        await _budget.DisposeAsync();
        _identity.Dispose();
    }

    private InodeId Create(string path, NodeKind kind, ContentValue? content)
    {
        Reply<FuseAttributes> created = Volume.Create(new NewNode
        {
            Parent = ParentOf(path), Name = NameOf(path), Kind = kind, Mode = 0x1A4, UserId = 1000, GroupId = 1000, Content = content,
        });
        Assert.Equal(Errno.OK, created.Error);
        return new InodeId(created.Value.Inode);
    }

    private InodeId ParentOf(string path) => Find(path.Contains('/') ? path[..path.LastIndexOf('/')] : "");

    private static ReadOnlySpan<byte> NameOf(string path) => Encoding.UTF8.GetBytes(path[(path.LastIndexOf('/') + 1)..]);

    private VolumeOptions Options() => new()
    {
        Name = "world",
        Id = _world.VolumeId,
        LocalNumber = 1,
        Identity = _identity,
        Metadata = _host?.Powered(Metadata) ?? Metadata,
        Chunks = Keys.Chunks,
        Blobs = new BlobContext(Keys, _budget),
        Keys = Keys,
        Clock = _host?.Clock ?? _world.Clock,
        Scheduler = _host?.Scheduler ?? TaskScheduler.Default,
        Entropy = _world.Entropy,
        OwnerId = 1000,
        GroupId = 1000,
        Nickname = id => _world.Replicas.FirstOrDefault(replica => replica.Id == id)?.Name,
        Statistics = () => new FuseStatFs(),
        Policy = () => _world.Policy,
        CollectionGeneration = () => Store?.Generation ?? 0,
        Reach = _world.Reach,
        Log = (message, _) => Log.Add(message),
    };

    /// <summary>Each start finds out anew which epochs there are.</summary>
    private VolumeKeys NewKeys()
    {
        var first = new KeyEpoch(1, _world.SharingKey.Fingerprint);
        if (_host is not null)
        {
            var machine = new MultiObjectStore(_host.Objects, _host.PeerObjects);
            return new VolumeKeys("world", first, _held, _host.Objects, key => new ConvergentChunkStore(key, machine));
        }

        if (!_world.HasOwnStores) return new VolumeKeys("world", first, _held, _world.Objects, key => new ConvergentChunkStore(key, _world.Objects));
        Store = new CollectingObjectStore(OwnObjects, Metadata, _world.Entropy);
        var stores = new MultiObjectStore(Store, _world.Far ?? new OtherObjects(_world, this));
        return new VolumeKeys("world", first, _held, Store, key => new ConvergentChunkStore(key, stores));
    }

    private static MemoryMetadataStore Copy(IMetadataReader source)
    {
        var copy = new MemoryMetadataStore();
        var batch = new MetadataBatch();
        using IMetadataCursor cursor = source.Scan([], []);
        while (cursor.MoveNext()) batch.Put(cursor.Key, cursor.Value);
        copy.Commit(batch);
        copy.Sync();
        return copy;
    }
}
