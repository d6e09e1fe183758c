using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;

namespace Bazil.FileSystem.Dynamic;

/// <summary>One entry of a listed virtual directory, and the cookie behind which a later listing goes on (never 0).</summary>
internal readonly record struct VirtualEntry(FileName Name, InodeId Inode, FuseFileType Type, ulong NextCookie);
