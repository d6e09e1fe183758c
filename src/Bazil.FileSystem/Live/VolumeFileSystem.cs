using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.FileSystem.Dynamic;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// A volume as the kernel sees it. The kernel's node id is the inode number, which is never reused. Changes made here
/// are known to the kernel; changes that come from elsewhere are announced to it, so names and attributes stay cached
/// for long.
/// </summary>
public sealed partial class VolumeFileSystem(Volume volume) : FuseFileSystem
{
    /// <summary>Everything that changes behind the kernel's back is invalidated explicitly.</summary>
    private static readonly TimeSpan CacheTime = TimeSpan.FromHours(1);

    /// <summary>
    /// How long the kernel may remember that a name is not there. Names that come are announced as well, but one that comes while the kernel
    /// still waits for the answer that it is not there would be missed.
    /// </summary>
    private static readonly TimeSpan AbsenceTime = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ulong, VirtualLookup> _virtual = new();
    private readonly ConcurrentDictionary<ulong, object> _open = new();
    private ulong _lastHandle = VirtualHandleBit;

    /// <summary>Handles of directories and virtual files; those of live files are the volume's and lack this bit.</summary>
    private const ulong VirtualHandleBit = 1UL << 63;

    /// <summary>The abilities to ask the kernel for when mounting a volume.</summary>
    public static FuseCapabilities Capabilities =>
        (FuseCapabilities.Default & ~FuseCapabilities.AutoInvalidateData)
        | FuseCapabilities.AtomicTruncate | FuseCapabilities.ExplicitInvalidateData | FuseCapabilities.CacheSymlinks
        | FuseCapabilities.PosixAcl | FuseCapabilities.DontMask | FuseCapabilities.SetXattrExtended | FuseCapabilities.HandleKillPrivV2;

    /// <summary>Maps failures of stores and links to what a program can understand; null for what is unexpected.</summary>
    public static Errno? MapException(Exception exception) => VolumeErrors.ToErrno(exception);

    public override void Initialize(FuseConnection connection)
    {
        volume.SetNotifier(connection.Notifier);
        volume.SetTable(() => _virtual.Count + _open.Count);
    }

    public override void Destroy() => volume.SetNotifier(null);

    public override ValueTask<Reply<FuseStatFs>> StatFs(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) =>
        new(volume.Statistics());

    public override void Forget(FuseNodeId node, ulong count)
    {
        if (!IsVirtual(node)) volume.Forget(InodeOf(node));
        if (!IsVirtual(node) || !_virtual.TryGetValue(node.Value, out VirtualLookup? lookup)) return;
        if (lookup.Release(count)) _virtual.TryRemove(KeyValuePair.Create(node.Value, lookup));
    }

    private static bool IsVirtual(FuseNodeId node) => new InodeId(node.Value).IsDynamic;

    private static InodeId InodeOf(FuseNodeId node) => new(node.Value);

    private static FuseEntry ToEntry(FuseAttributes attributes) => new()
    {
        Node = new FuseNodeId(attributes.Inode),
        EntryTimeout = CacheTime,
        AttributeTimeout = CacheTime,
        Attributes = attributes,
    };

    private static Reply<FuseEntry> ToEntry(Reply<FuseAttributes> reply) => reply.HasValue ? ToEntry(reply.Value) : reply.Error;

    /// <summary>Virtual nodes change without anybody telling the kernel: it asks each time.</summary>
    private FuseEntry Remember(VirtualNode node)
    {
        _virtual.AddOrUpdate(node.Inode.Value, _ => new VirtualLookup(node), (_, lookup) => lookup.Again(node));
        return new FuseEntry { Node = new FuseNodeId(node.Inode.Value), Attributes = node.Attributes, EntryTimeout = node.NameValidity };
    }

    private VirtualNode? FindVirtual(FuseNodeId node) => _virtual.TryGetValue(node.Value, out VirtualLookup? lookup) ? lookup.Node : null;

    private FuseHandle AddOpen(object state)
    {
        ulong handle = Interlocked.Increment(ref _lastHandle);
        _open[handle] = state;
        return new FuseHandle(handle);
    }

    /// <summary>A virtual node and how often the kernel looked it up. Replaced as a whole, so a late forget cannot hit a newer one.</summary>
    private sealed record VirtualLookup(VirtualNode Node, ulong Count = 1)
    {
        private ulong _released;

        public VirtualLookup Again(VirtualNode node) => new(node, Count + 1 - _released);

        public bool Release(ulong count) => Interlocked.Add(ref _released, count) >= Count;
    }
}
