using System.Collections.Concurrent;

namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>Shows a directory elsewhere. Permissions are the kernel's business (mount with default_permissions).</summary>
/// <param name="source">The directory to show.</param>
/// <param name="exclusive">Nobody else changes it: the kernel may keep what it knows, instead of asking again after a second.</param>
public sealed partial class PassthroughFileSystem(string source, bool exclusive) : FuseFileSystem
{
    private readonly TimeSpan _validity = exclusive ? TimeSpan.FromDays(365) : TimeSpan.FromSeconds(1);
    private readonly FuseOpenFlags _cache = exclusive ? FuseOpenFlags.KeepCache : FuseOpenFlags.None;
    private readonly NodeTable _nodes = new();
    private readonly ConcurrentDictionary<ulong, SafeFileHandle> _files = new();
    private readonly ConcurrentDictionary<ulong, OpenDirectory> _directories = new();
    private ulong _lastHandle;

    /// <summary>Inodes the kernel knows, the root among them.</summary>
    public int NodeCount => _nodes.Count;

    public override void Initialize(FuseConnection connection)
    {
        _ = Libc.umask(0); // The kernel has applied the caller's.
        var root = Libc.open(source, Libc.O_PATH | Libc.O_CLOEXEC);
        if (root.IsInvalid || Libc.statx(root, default, Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) < 0) throw new IOException($"{source}: {Libc.LastError}");
        _nodes.LookUp(root, stat.Key);
    }

    public override void Destroy()
    {
        foreach (var file in _files.Values) file.Dispose();
        foreach (var directory in _directories.Values) directory.Handle.Dispose();
        _nodes.Clear();
    }

    public override ValueTask<Reply<FuseTimedAttributes>> GetAttributes(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) => new(Attributes(_nodes[node]));

    public override ValueTask<Reply<FuseTimedAttributes>> SetAttributes(
        in RequestContext context, FuseNodeId node, in AttributeChanges changes, CancellationToken cancellationToken)
    {
        var target = _nodes[node];
        var path = NativePath.Of(target);
        var result = changes.Has(AttributeField.Mode) ? Libc.chmod(path, changes.Mode & FuseMode.PermissionMask) : 0;
        if (result == 0 && changes.Has(AttributeField.UserId | AttributeField.GroupId))
        {
            var user = changes.Has(AttributeField.UserId) ? changes.UserId : uint.MaxValue;
            var group = changes.Has(AttributeField.GroupId) ? changes.GroupId : uint.MaxValue;
            result = Libc.fchownat(target, default, user, group, Libc.AT_EMPTY_PATH);
        }

        if (result == 0 && changes.Has(AttributeField.Size)) result = Libc.truncate(path, changes.Size);
        if (result == 0 && changes.Has(AttributeField.AccessTime | AttributeField.ModificationTime))
        {
            var access = Time(changes, AttributeField.AccessTime, AttributeField.AccessTimeNow, changes.AccessTime);
            var modified = Time(changes, AttributeField.ModificationTime, AttributeField.ModificationTimeNow, changes.ModificationTime);
            result = Libc.utimensat(Libc.AT_FDCWD, path, [access.Seconds, access.Nanoseconds, modified.Seconds, modified.Nanoseconds], 0);
        }

        return new(result == 0 ? Attributes(target) : Libc.LastError);
    }

    public override ValueTask<Reply<FuseStatFs>> StatFs(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken)
    {
        Span<ulong> stat = stackalloc ulong[14]; // struct statvfs of 64-bit glibc
        if (Libc.fstatvfs(_nodes[node], stat) < 0) return new(Libc.LastError);
        var blocks = new FuseStatFs { BlockSize = (uint)stat[0], FragmentSize = (uint)stat[1], Blocks = stat[2], BlocksFree = stat[3], BlocksAvailable = stat[4] };
        return new(blocks with { Files = stat[5], FilesFree = stat[6] });
    }

    private static UnixTime Time(in AttributeChanges changes, AttributeField field, AttributeField now, UnixTime value) =>
        !changes.Has(field) ? new UnixTime(0, Libc.UTIME_OMIT) : changes.Has(now) ? new UnixTime(0, Libc.UTIME_NOW) : value;

    private Reply<FuseTimedAttributes> Attributes(SafeFileHandle node) =>
        Libc.statx(node, default, Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) < 0
            ? Libc.LastError
            : new FuseTimedAttributes(stat.ToAttributes(), _validity);
}
