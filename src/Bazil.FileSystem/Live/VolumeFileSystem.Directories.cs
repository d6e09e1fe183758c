using Bazil.FileSystem.Dynamic;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Open directories.
public sealed partial class VolumeFileSystem
{
    public override ValueTask<Reply<FuseOpened>> OpenDirectory(in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        if (!IsVirtual(node))
        {
            return new(new FuseOpened(AddOpen(new DirectoryCursor()), volume.MayKeepListings ? FuseOpenFlags.CacheDirectory | FuseOpenFlags.KeepCache : FuseOpenFlags.None));
        }

        return new(FindVirtual(node) is { IsDirectory: true } found ? new FuseOpened(AddOpen(found)) : Errno.ENOENT);
    }

    public override ValueTask<Errno> ReadDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, DirectoryBuffer buffer, CancellationToken cancellationToken) =>
        _open.GetValueOrDefault(handle.Value) switch
        {
            DirectoryCursor cursor => new(volume.ReadDirectory(InodeOf(node), cursor, offset, buffer, ToEntry)),
            VirtualNode directory => ReadVirtualDirectoryAsync(directory, offset, buffer, cancellationToken),
            _ => new(Errno.EBADF),
        };

    public override ValueTask<Errno> ReleaseDirectory(in RequestContext context, FuseNodeId node, FuseHandle handle, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        _open.TryRemove(handle.Value, out _);
        return new(Errno.OK);
    }

    public override ValueTask<Errno> FsyncDirectory(in RequestContext context, FuseNodeId node, FuseHandle handle, bool dataOnly, CancellationToken cancellationToken) =>
        SyncAsync(CancellationToken.None);

    /// <summary>Offsets are 1 for <c>.</c>, 2 for <c>..</c>, and cookies moved behind them.</summary>
    private async ValueTask<Errno> ReadVirtualDirectoryAsync(VirtualNode directory, long offset, DirectoryBuffer buffer, CancellationToken cancel)
    {
        if (offset < 1 && !AddDot(buffer, "."u8, directory, 1)) return Errno.OK;
        if (offset < 2 && !AddDot(buffer, ".."u8, directory, DirectoryCursor.FirstEntry)) return Errno.OK;
        var listing = new Listing(directory, buffer, (ulong)Math.Max(0, offset - DirectoryCursor.FirstEntry));
        return await volume.ReadContentAsync(ContentUse.ReadOf(directory, 0), listing, static (listing, cancel) => listing.RunAsync(cancel), cancel);
    }

    private static bool AddDot(DirectoryBuffer buffer, ReadOnlySpan<byte> name, VirtualNode directory, long next) =>
        buffer.TryAdd(name, directory.Inode.Value, FuseFileType.Directory, next);

    private static bool Add(DirectoryBuffer buffer, VirtualEntry entry)
    {
        FileName name = entry.Name;
        return buffer.TryAdd(name.Span, entry.Inode.Value, entry.Type, (long)entry.NextCookie + DirectoryCursor.FirstEntry);
    }

    /// <summary>Lists a virtual directory into a buffer. May be run again after a failure: it goes on behind what it has.</summary>
    private sealed class Listing(VirtualNode directory, DirectoryBuffer buffer, ulong cookie)
    {
        private ulong _cookie = cookie;

        public async ValueTask<Errno> RunAsync(CancellationToken cancel)
        {
            await foreach (VirtualEntry entry in directory.ListAsync(_cookie, cancel))
            {
                if (!Add(buffer, entry)) return Errno.OK;
                _cookie = entry.NextCookie;
            }

            return Errno.OK;
        }
    }
}
