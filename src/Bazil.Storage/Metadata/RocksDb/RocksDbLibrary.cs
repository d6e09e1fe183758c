using System.Runtime.InteropServices;
using Bazil.Core;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>Finds the distribution's RocksDB. Its soname carries major and minor version, so each release has its own.</summary>
internal static class RocksDbLibrary
{
    private const string Name = "librocksdb";

    /// <summary>
    /// Newest first. The last is the oldest that is usable: before 7.7 <c>FlushWAL(sync)</c> could leave the tail of
    /// the log unsynced (its changelog), which would break <see cref="IMetadataStore.Sync"/>.
    /// </summary>
    internal static readonly string[] Candidates =
    [
        .. Enumerable.Range(0, 11).Select(minor => $"librocksdb.so.10.{10 - minor}"),
        "librocksdb.so.9.11", "librocksdb.so.9.10", "librocksdb.so.8.9", "librocksdb.so.7.8",
    ];

    /// <exception cref="NativeLibraryMissingException">None of the versions that can be used is installed.</exception>
    internal static nint Load(IEnumerable<string> candidates)
    {
        foreach (string name in candidates)
        {
            if (NativeLibrary.TryLoad(name, out nint library)) return library;
        }

        const string osRelease = "/etc/os-release";
        throw new NativeLibraryMissingException(Name, PackageFor(File.Exists(osRelease) ? File.ReadAllText(osRelease) : ""));
    }

    /// <summary>The package that holds the library, by the text of os-release(5).</summary>
    internal static string PackageFor(string osRelease)
    {
        string[] lines = osRelease.Split('\n', StringSplitOptions.TrimEntries);
        return (Value(lines, "ID"), Value(lines, "VERSION_ID")) switch
        {
            ("debian", "12") => "librocksdb7.8",
            ("debian", "13") => "librocksdb9.10",
            ("ubuntu", "24.04") => "librocksdb8.9",
            _ => "librocksdb7.8 (Debian 12), librocksdb8.9 (Ubuntu 24.04), librocksdb9.10 (Debian 13)",
        };
    }

    private static string Value(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..].Trim('"') ?? "";
}
