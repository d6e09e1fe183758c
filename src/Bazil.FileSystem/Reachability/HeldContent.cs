using Bazil.Core;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Reachability;

/// <summary>Stored content of an open file, which no row may name yet, or not any more.</summary>
public readonly record struct HeldContent(InodeId Inode, BlobSubtree Subtree);
