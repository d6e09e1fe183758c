using System.Globalization;
using Bazil.Unix;

namespace Bazil.Storage.Arena.Index;

/// <summary>The names in the directory of the index files: <c>GENERATION.idx</c>, eight hex digits or more, and <c>*.tmp</c> being written.</summary>
internal sealed class IndexFolder(string directory, Action<string>? beforeChange)
{
    public const string TemporarySuffix = ".tmp";
    public const uint FileMode = 0b110_000_000;
    private const string Suffix = ".idx";

    public string Directory { get; } = directory;

    /// <summary>The index files with their generations.</summary>
    public IEnumerable<(string Path, ulong Generation)> List()
    {
        foreach (string path in System.IO.Directory.EnumerateFiles(Directory, "*" + Suffix))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (ulong.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong generation)) yield return (path, generation);
        }
    }

    public string PathOf(ulong generation) => Path.Combine(Directory, generation.ToString("x8", CultureInfo.InvariantCulture) + Suffix);

    /// <summary>Gives a written and synced temporary file its name, for good.</summary>
    public void Publish(string temporary, string path)
    {
        beforeChange?.Invoke("rename " + temporary);
        UnixFile.Rename(temporary, path, RenameMode.NoReplace);
        beforeChange?.Invoke("sync the directory");
        DirectoryHandle.Sync(Directory);
    }

    /// <summary>Removes a file that nothing needs any more. Where the store may only be read it stays: it is found superfluous again at the next open.</summary>
    public void Remove(string path)
    {
        beforeChange?.Invoke("remove " + path);
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException || exception.HResult == (int)Errno.EROFS)
        {
            // A read-only store. The file does no harm but for the space it takes.
        }
    }

    public void RemoveTemporaries()
    {
        foreach (string path in System.IO.Directory.EnumerateFiles(Directory, "*" + TemporarySuffix)) Remove(path);
    }

    /// <summary>For tests of crashes: called before each change of the directory or of a file in it.</summary>
    public void Announce(string change) => beforeChange?.Invoke(change);
}
