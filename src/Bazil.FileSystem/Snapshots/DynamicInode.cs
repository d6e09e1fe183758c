using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Inode numbers of what is shown without a row of its own. They are pure functions, so they are the same after a restart
/// and on every machine, and have the top bit set, so they never meet an allocated one. A cryptographic hash, since nobody
/// shall be able to name two files so that a backup takes them for one.
/// </summary>
public static class DynamicInode
{
    private static ReadOnlySpan<byte> Personal => "bazil-inode\0\0\0\0\0"u8;

    /// <summary>The inode of a name in a directory.</summary>
    public static InodeId Of(InodeId parent, FileName name)
    {
        Span<byte> input = stackalloc byte[sizeof(ulong) + Limits.NameBytesMax];
        BinaryPrimitives.WriteUInt64LittleEndian(input, parent.Value);
        name.Span.CopyTo(input[sizeof(ulong)..]);
        return Of(input[..(sizeof(ulong) + name.Span.Length)]);
    }

    private static InodeId Of(ReadOnlySpan<byte> input)
    {
        Span<byte> hash = stackalloc byte[Blake2b.HashSizeMin];
        Blake2b.Hash(input, hash, personal: Personal);
        return new InodeId(BinaryPrimitives.ReadUInt64LittleEndian(hash) | InodeId.DynamicBit);
    }
}
