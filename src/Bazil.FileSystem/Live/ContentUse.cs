using Bazil.Core;
using Bazil.FileSystem.Dynamic;

namespace Bazil.FileSystem.Live;

/// <summary>What a program does with content that may have to be waited for.</summary>
/// <param name="Inode">The file; none when <paramref name="Node"/> is given.</param>
/// <param name="Node">A file or directory below <c>.snap</c> or <c>.bazil</c>.</param>
/// <param name="Offset">Where it reads or writes.</param>
/// <param name="IsChange">It writes, truncates, or the like.</param>
internal readonly record struct ContentUse(InodeId Inode, VirtualNode? Node, ulong Offset, bool IsChange)
{
    public static ContentUse ReadOf(InodeId inode, ulong offset) => new(inode, null, offset, IsChange: false);

    public static ContentUse ReadOf(VirtualNode node, ulong offset) => new(default, node, offset, IsChange: false);

    public static ContentUse ChangeOf(InodeId inode, ulong offset) => new(inode, null, offset, IsChange: true);
}
