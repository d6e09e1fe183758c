using System.Globalization;
using System.Text;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>The file <c>format</c>: one line with the version and the random id of the store, <c>bazil arena store 1 32-hex-digits</c>.</summary>
internal static class StoreFormat
{
    public const string FileName = "format";

    private const string Prefix = "bazil arena store ";
    private const int Version = 1;

    /// <summary>Returns the id of the store, and makes a new one where there is none.</summary>
    /// <exception cref="StoreException">It is something else, or newer than this program.</exception>
    public static UInt128 ReadOrCreate(string storeName, ISegmentDirectory directory, ArenaOptions options)
    {
        byte[]? bytes = directory.ReadFile(FileName);
        if (bytes is null)
        {
            Span<byte> id = stackalloc byte[16];
            options.Entropy.Fill(id);
            directory.ReplaceFile(FileName, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Version} {Convert.ToHexStringLower(id)}\n")));
            return UInt128.Parse(Convert.ToHexStringLower(id), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        string place = Path.Combine(directory.Path, FileName);
        string text = Encoding.ASCII.GetString(bytes).TrimEnd('\n');
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)) throw new StoreException($"store {storeName}: {place} does not say which format the store has");
        string[] words = text[Prefix.Length..].Split(' ');
        if (!int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int version)) throw new StoreException($"store {storeName}: {place} does not say which format the store has");
        if (version != Version) throw new StoreException($"store {storeName} in {directory.Path} has format version {version}, and this Bazil knows only {Version}: upgrade it");
        UInt128 storeId = default;
        bool isValid = words.Length == 2 && words[1].Length == 32
            && UInt128.TryParse(words[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out storeId);
        return isValid ? storeId : throw new StoreException($"store {storeName}: {place} does not name the store: restore the file from a backup");
    }

    /// <summary>Whether a directory holds an arena store, of whatever version.</summary>
    public static bool IsStore(string directory)
    {
        string path = Path.Combine(directory, FileName);
        return File.Exists(path) && File.ReadAllText(path).StartsWith(Prefix, StringComparison.Ordinal);
    }
}
