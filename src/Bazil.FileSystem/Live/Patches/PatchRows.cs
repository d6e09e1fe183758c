using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The rows of patches: inode ‖ number → <see cref="ContentPatch"/>. Those of a file are numbered from 0 without a gap, and there is a Working row
/// that they are applied to.
/// </summary>
internal static class PatchRows
{
    public static byte[] KeyOf(VolumeTables tables, InodeId inode, int number) =>
        tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Patch).Add(inode).Add((ulong)number).Bytes.ToArray();

    /// <summary>The patches of a file in their order; none for most.</summary>
    /// <exception cref="WireFormatException">One is damaged, missing or of a newer version.</exception>
    public static List<ContentPatch> Read(VolumeTables tables, InodeId inode)
    {
        var patches = new List<ContentPatch>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(PrefixOf(tables, inode));
        while (cursor.MoveNext())
        {
            if (NumberOf(cursor.Key) != (ulong)patches.Count) throw new WireFormatException($"malformed patches of inode {inode}: number {patches.Count} is missing");
            patches.Add(ContentPatch.Decode(cursor.Value, inode));
        }

        return patches;
    }

    /// <summary>Deletes what there is of a file.</summary>
    public static void DeleteAll(MetadataBatch batch, VolumeTables tables, InodeId inode)
    {
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(PrefixOf(tables, inode));
        while (cursor.MoveNext()) batch.Delete(cursor.Key);
    }

    /// <summary>Deletes patches that a damaged database has lost what they stand on of. Returns how many.</summary>
    public static int DropLoose(IMetadataStore metadata, VolumeTables tables)
    {
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Patch).Bytes.ToArray();
        var batch = new MetadataBatch();
        (InodeId Inode, ulong Count) file = default;
        using (IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix))
        {
            while (cursor.MoveNext())
            {
                InodeId inode = new MetadataKeyReader(cursor.Key[prefix.Length..]).ReadInode();
                if (inode != file.Inode) file = (inode, HasBase(tables, inode) ? 0 : ulong.MaxValue);
                if (NumberOf(cursor.Key) == file.Count && IsWhole(cursor.Value, inode))
                {
                    file.Count++;
                    continue;
                }

                file.Count = ulong.MaxValue;
                batch.Delete(cursor.Key);
            }
        }

        int count = batch.Count;
        if (count > 0) metadata.Commit(batch);
        return count;
    }

    private static bool HasBase(VolumeTables tables, InodeId inode) =>
        tables.Reader.Get(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Working).Add(inode).Bytes) is not null;

    private static bool IsWhole(ReadOnlySpan<byte> row, InodeId inode)
    {
        try
        {
            _ = ContentPatch.Decode(row, inode);
            return true;
        }
        catch (WireFormatException)
        {
            return false; // the answer
        }
    }

    private static ulong NumberOf(ReadOnlySpan<byte> key) => new MetadataKeyReader(key[^sizeof(ulong)..]).ReadUInt64();

    private static byte[] PrefixOf(VolumeTables tables, InodeId inode) =>
        tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Patch).Add(inode).Bytes.ToArray();
}
