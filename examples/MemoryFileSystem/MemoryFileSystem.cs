using System.Collections.Concurrent;
using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>
/// A complete file system that lives in memory and is gone with its process. Data lies outside the garbage-collected heap
/// and is sent from where it lies. Checking permissions is the kernel's business (mount with default_permissions).
/// </summary>
/// <param name="clock">Where times come from.</param>
/// <param name="capacityBytes">Most memory that the content of all files together may take; beyond it, ENOSPC.</param>
public partial class MemoryFileSystem(TimeProvider clock, long capacityBytes) : FuseFileSystem
{
    /// <summary>What a mount asks for to have POSIX access control lists: the kernel checks them, and leaves the umask to directories with default lists.</summary>
    public const FuseCapabilities AccessListCapabilities = FuseCapabilities.PosixAcl | FuseCapabilities.DontMask | FuseCapabilities.SetXattrExtended;

    /// <summary>Nobody but the kernel changes anything here, so what it knows stays true.</summary>
    private static readonly TimeSpan Forever = TimeSpan.FromDays(365);

    private const uint RootMode = FuseMode.Directory | 0x1ED; // rwxr-xr-x

    /// <summary>Part of the capacity that stays with the process when files give it up, so that the next need not wait for fresh memory.</summary>
    private const int IdleShare = 16;

    private readonly MemoryBudget _budget = new(capacityBytes);
    private readonly ChunkPool _chunks = new(FileContent.ChunkBytes, capacityBytes / IdleShare);
    private readonly ConcurrentDictionary<ulong, Inode> _inodes = new();

    /// <summary>Guards all directories, link counts and lookups. Taken before the lock of an inode, never after.</summary>
    private readonly Lock _tree = new();
    private ulong _lastNumber = FuseNodeId.Root.Value;

    /// <summary>Inodes alive, the root among them: those with a name and those the kernel still knows.</summary>
    public int InodeCount => _inodes.Count;

    public override void Initialize(FuseConnection connection)
    {
        _keepsPosixLocks = (connection.Capabilities & FuseCapabilities.PosixLocks) != 0;
        var root = new Inode(FuseNodeId.Root.Value, RootMode)
        {
            UserId = UnixUser.EffectiveUserId,
            GroupId = UnixUser.EffectiveGroupId,
            Directory = new DirectoryContent(null),
            LinkCount = 2,
        };
        Touch(root, UnixTime.Now(clock));
        _inodes[root.Number] = root;
    }

    public override void Destroy()
    {
        foreach (var inode in _inodes.Values) inode.Content?.Dispose();
        _inodes.Clear();
        _chunks.End();
    }

    public override ValueTask<Reply<FuseStatFs>> StatFs(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken)
    {
        const uint block = 4096;
        var free = (ulong)_budget.FreeBytes / block;
        return new(new FuseStatFs
        {
            Blocks = (ulong)_budget.CapacityBytes / block,
            BlocksFree = free,
            BlocksAvailable = free,
            Files = (ulong)_inodes.Count,
            FilesFree = free,
        });
    }

    public override void Forget(FuseNodeId node, ulong count)
    {
        lock (_tree)
        {
            if (!_inodes.TryGetValue(node.Value, out var inode)) return;
            inode.Lookups -= Math.Min(count, inode.Lookups);
            DropIfUnused(inode);
        }
    }

    /// <summary>The node the kernel names; ESTALE for one that it has forgotten.</summary>
    private bool TryGet(FuseNodeId node, out Inode inode) => _inodes.TryGetValue(node.Value, out inode!);

    /// <summary>Counts a lookup. With the tree's lock held.</summary>
    private static FuseEntry Entry(Inode inode)
    {
        inode.Lookups++;
        return new FuseEntry { Node = inode.Node, EntryTimeout = Forever, AttributeTimeout = Forever, Attributes = inode.Attributes() };
    }

    /// <summary>With the tree's lock held.</summary>
    private void DropIfUnused(Inode inode)
    {
        if (inode.LinkCount > 0 || inode.Lookups > 0 || !_inodes.TryRemove(inode.Number, out _)) return;
        lock (inode.Lock) inode.Content?.Dispose();
    }

    private static void Touch(Inode inode, UnixTime now) => inode.AccessTime = inode.ModificationTime = inode.ChangeTime = inode.BirthTime = now;

    private static void SetLinkCount(Inode inode, uint count, UnixTime now)
    {
        lock (inode.Lock)
        {
            inode.LinkCount = count;
            inode.ChangeTime = now;
        }
    }

    /// <summary>A name in the directory came or went.</summary>
    private static void Changed(Inode directory, UnixTime now)
    {
        lock (directory.Lock) directory.ModificationTime = directory.ChangeTime = now;
    }
}
