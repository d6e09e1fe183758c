using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Dynamic;

/// <summary>
/// A node that is shown without a row of its own: under <c>.snap</c> and <c>.bazil</c>. Its inode number has the top bit
/// set. Immutable once it is found, safe for concurrent use; what it cannot do answers as a read-only file system does.
/// </summary>
internal abstract class VirtualNode(InodeId inode)
{
    public InodeId Inode { get; } = inode;

    public abstract FuseAttributes Attributes { get; }

    /// <summary>The directory that it was found in; null for one below a directory of the volume, <see cref="FoundBelow"/>. For what people are told.</summary>
    public VirtualNode? FoundIn { get; private set; }

    public InodeId FoundBelow { get; private set; }

    public FileName FoundAs { get; private set; }

    /// <summary>How long the kernel may take for granted that the name is there. Mostly not at all: it may go without the kernel having a hand in it.</summary>
    public virtual TimeSpan NameValidity => TimeSpan.Zero;

    public bool IsDirectory => FuseMode.IsDirectory(Attributes.Mode);

    /// <summary>Notes where it was found, before anybody else has it.</summary>
    public VirtualNode At(VirtualNode directory, FileName name)
    {
        (FoundIn, FoundAs) = (directory, name);
        return this;
    }

    /// <summary>The same for a directory of the volume.</summary>
    public VirtualNode At(InodeId directory, FileName name)
    {
        (FoundBelow, FoundAs) = (directory, name);
        return this;
    }

    /// <summary>Finds a name in this directory; null when it is not there.</summary>
    public virtual ValueTask<VirtualNode?> LookupAsync(FileName name, CancellationToken cancel) => new((VirtualNode?)null);

    /// <summary>Lists this directory behind a cookie (0 = from the start).</summary>
    public virtual IAsyncEnumerable<VirtualEntry> ListAsync(ulong cookie, CancellationToken cancel) => AsyncEnumerable.Empty<VirtualEntry>();

    /// <summary>Opens the content of this file.</summary>
    public virtual IVirtualContent? OpenContent() => null;

    public virtual ReadOnlyMemory<byte> LinkTarget => default;

    public virtual ReadOnlyMemory<byte>? FindXattr(ReadOnlySpan<byte> name) => null;

    /// <summary>Names of extended attributes, each with a NUL behind it.</summary>
    public virtual ReadOnlyMemory<byte> XattrNames() => default;

    public virtual Task<Errno> MakeDirectoryAsync(FileName name, CancellationToken cancel) => Task.FromResult(Errno.EROFS);

    public virtual Errno RemoveDirectory(FileName name) => Errno.EROFS;

    public virtual Errno Unlink(FileName name) => Errno.EROFS;

    public virtual Errno Rename(FileName name, VirtualNode newParent, FileName newName) => Errno.EROFS;
}
