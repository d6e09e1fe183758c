using System.Buffers.Binary;
using System.Text;
using Bazil.Core;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Sftp;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>
/// The file that makes a folder a store: <c>bazil-store</c>, <c>bazil pack store 1 ID</c>, ID 32 hex digits, random. This node remembers which id it met at which address, and when: the row is
/// id (16) ‖ seconds since 1970 (8, big-endian), or the id alone as an older version wrote it.
/// </summary>
internal static class PackStoreMark
{
    public const int IdBytes = 16;

    private const string FileName = "bazil-store";
    private const string Format = "bazil pack store 1 ";
    private const int FileBytes = 256;
    private const int RowBytes = IdBytes + sizeof(long);
    private const long SecondsMax = 253_402_300_799; // the end of the year 9999

    /// <summary>The id that was found at an address before, or null.</summary>
    public static byte[]? Recall(IMetadataStore metadata, string address) => metadata.Get(Key(address)) is { Length: IdBytes or RowBytes } row ? row[..IdBytes] : null;

    /// <summary>When it was found there last, or null.</summary>
    public static DateTimeOffset? RecallTime(IMetadataStore metadata, string address) =>
        metadata.Get(Key(address)) is { Length: RowBytes } row ? DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(BinaryPrimitives.ReadInt64BigEndian(row.AsSpan(IdBytes)), 0, SecondsMax)) : null;

    public static void Remember(IMetadataStore metadata, string address, byte[] id, DateTimeOffset now)
    {
        byte[] row = [.. id, .. new byte[sizeof(long)]];
        BinaryPrimitives.WriteInt64BigEndian(row.AsSpan(IdBytes), now.ToUnixTimeSeconds());
        var batch = new MetadataBatch();
        batch.Put(Key(address), row);
        metadata.Commit(batch);
    }

    /// <summary>How many addresses lead to this store.</summary>
    public static int CountAddresses(IMetadataStore metadata, byte[] id)
    {
        int count = 0;
        using IMetadataCursor cursor = metadata.ScanPrefix([(byte)Table.RemoteStore]);
        while (cursor.MoveNext())
        {
            if (cursor.Value.StartsWith(id)) count++;
        }

        return count;
    }

    public static void Forget(IMetadataStore metadata, string address)
    {
        var batch = new MetadataBatch();
        batch.Delete(Key(address));
        metadata.Commit(batch);
    }

    /// <summary>The id of the store in a folder. An empty folder becomes one, if that is wanted.</summary>
    /// <exception cref="StoreException">It is no store, of a newer format, or cannot be reached.</exception>
    public static async Task<byte[]> ReadOrMakeAsync(IRemoteFolder folder, IEntropy entropy, bool mayMake, CancellationToken cancel)
    {
        if (await ReadAsync(folder, cancel) is { } found) return found;
        await foreach (RemoteFile file in folder.ListAsync("", cancel))
        {
            if (file.Name == FileName) break; // another node makes it a store at this moment
            throw new StoreException($"{folder.Name} has other things in it ({ServerWords.Printable(file.Name)}) and is no store; name a folder that is new or empty");
        }

        if (!mayMake) throw new StoreException($"{folder.Name} is no store any more: it is empty; if another disk or bucket is in its place, put the right one back");
        byte[] id = new byte[IdBytes];
        entropy.Fill(id);
        await folder.CreateAsync(FileName, Encoding.UTF8.GetBytes($"{Format}{Convert.ToHexStringLower(id)}\n"), cancel);

        // Another node may have made it a store at the same time: what is there now counts.
        return await ReadAsync(folder, cancel) ?? throw new StoreException($"{folder.Name} does not keep what is written to it");
    }

    /// <summary>What tells the folder of this store from every other one.</summary>
    public static FileBeginning BeginningOf(byte[] id) => new(FileName, Encoding.UTF8.GetBytes(Format + Convert.ToHexStringLower(id)));

    private static async Task<byte[]?> ReadAsync(IRemoteFolder folder, CancellationToken cancel)
    {
        byte[] content = new byte[FileBytes];
        return await folder.ReadAsync(FileName, 0, content, cancel) is { } length ? Parse(folder.Name, Encoding.UTF8.GetString(content.AsSpan(0, length))) : null;
    }

    private static byte[] Parse(string folder, string text)
    {
        string digits = text.StartsWith(Format, StringComparison.Ordinal) ? text[Format.Length..].TrimEnd('\n') : "";
        if (digits.Length == 2 * IdBytes && digits.All(char.IsAsciiHexDigitLower)) return Convert.FromHexString(digits);
        throw new StoreException($"{folder} is no store that this version reads: its file {FileName} says {ServerWords.Printable(text)}");
    }

    private static byte[] Key(string address)
    {
        byte[] text = Encoding.UTF8.GetBytes(address);

        // Longer addresses than a key has room for are told apart by their hash.
        if (text.Length > MetadataKey.MaxSize - 1)
        {
            byte[] hash = new byte[32];
            Core.Crypto.Blake2b.Hash(text, hash);
            text = hash;
        }

        return [(byte)Table.RemoteStore, .. text];
    }
}
