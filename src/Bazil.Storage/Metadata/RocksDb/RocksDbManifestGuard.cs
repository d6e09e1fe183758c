using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// Notices a list of files (<c>MANIFEST-NUMBER</c>) that has lost its end, or whose end cannot be read. The library takes
/// such a list for one whose last records were being written at a crash, forgets the tables that they name, deletes them,
/// and replays the log on top: a database with a hole in its history. The list is synced before anything relies on it, so it never gets shorter by a
/// crash, only by damage, or in a copy that was made while the daemon ran.
/// <para>The file <c>GUARD</c> holds the name of the list, a size that it is known to have on disk, and the SHA-256 of that
/// much of it: the list is only ever appended to.</para>
/// Not safe for concurrent use.
/// </summary>
internal sealed class RocksDbManifestGuard(string directory) : IDisposable
{
    private const string GuardName = "GUARD";
    private const string CurrentName = "CURRENT";
    private const string ManifestPrefix = "MANIFEST-";

    private (string Name, long SizeBytes) _recorded;

    /// <summary>The list that was recorded last.</summary>
    private SafeFileHandle? _manifest;

    /// <summary>Before the database is opened.</summary>
    /// <exception cref="MetadataException">The list of files is shorter or older than it was.</exception>
    internal static void Check(string directory)
    {
        string guard = Path.Combine(directory, GuardName);
        if (!File.Exists(guard)) return;
        string[] words = File.ReadAllText(guard).Split(' ', '\n');

        // A guard that is damaged itself guards nothing, but must not lock anybody out.
        if (words is not [var name, var sizeText, var hash, ""] || !long.TryParse(sizeText, CultureInfo.InvariantCulture, out long size)) return;
        string current = ReadCurrent(directory);
        if (!TryNumber(name, out long recordedNumber) || !TryNumber(current, out long number) || number > recordedNumber) return;
        string path = Path.Combine(directory, current);
        if (number == recordedNumber && File.Exists(path) && Hash(path, size) == hash) return;
        throw RocksDbStatus.ToException($"Corruption: {current} does not begin with the {size} bytes that {name} held", "open", directory);
    }

    /// <summary>Records the list as it is now, durably, if it has changed.</summary>
    /// <param name="mayBeAnother">The list may have been replaced by another since it was recorded last.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    internal void Record(bool mayBeAnother)
    {
        if (!mayBeAnother && _manifest is { } same && RandomAccess.GetLength(same) == _recorded.SizeBytes) return;
        _manifest?.Dispose();
        _manifest = null;
        string name = ReadCurrent(directory);
        string path = Path.Combine(directory, name);
        if (!TryNumber(name, out _) || !File.Exists(path)) return;
        SafeFileHandle manifest = UnixFile.Open(path, OpenFlags.ReadOnly);
        try
        {
            Record(name, path, manifest);
            _manifest = manifest;
        }
        finally
        {
            if (_manifest is null) manifest.Dispose();
        }
    }

    public void Dispose() => _manifest?.Dispose();

    private void Record(string name, string path, SafeFileHandle manifest)
    {
        long size = RandomAccess.GetLength(manifest);
        if ((name, size) == _recorded) return;
        UnixFile.SyncData(manifest, path);
        string record = string.Create(CultureInfo.InvariantCulture, $"{name} {size} {Hash(path, size)}\n");
        DurableFile.Replace(Path.Combine(directory, GuardName), Encoding.ASCII.GetBytes(record));
        _recorded = (name, size);
    }

    private static string ReadCurrent(string directory) => File.ReadAllText(Path.Combine(directory, CurrentName)).TrimEnd('\n');

    /// <summary>Hex, or empty when the file is shorter.</summary>
    private static string Hash(string path, long size)
    {
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length < size) return "";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[Math.Min(size, 64 * 1024)];
        for (long rest = size; rest > 0;)
        {
            int count = file.Read(buffer, 0, (int)Math.Min(rest, buffer.Length));
            if (count == 0) return "";
            hash.AppendData(buffer, 0, count);
            rest -= count;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool TryNumber(string name, out long number)
    {
        number = 0;
        return name.StartsWith(ManifestPrefix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(ManifestPrefix.Length), CultureInfo.InvariantCulture, out number);
    }
}
