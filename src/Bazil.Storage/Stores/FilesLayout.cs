using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.Unix;

namespace Bazil.Storage.Stores;

/// <summary>Where a <see cref="FilesObjectStore"/> keeps what. Two levels of directories by the first two bytes of the id.</summary>
internal sealed class FilesLayout(string root, string bootId)
{
    private const string FormatPrefix = "bazil files store ";
    private const int FormatVersion = 1;
    private const string TemporaryPrefix = "put-";
    private const string FreshPrefix = "fresh-";

    private readonly string _root = Path.GetFullPath(root);

    public string ObjectsDirectory => Path.Combine(_root, "objects");

    private string TemporaryDirectory => Path.Combine(_root, "tmp");

    public string PathOf(in ObjectId id)
    {
        string hex = id.ToString();
        return string.Concat(ObjectsDirectory, "/", hex.AsSpan(0, 2), $"/{hex.AsSpan(2, 2)}/{hex}");
    }

    public string TemporaryPath(long number) => Path.Combine(TemporaryDirectory, TemporaryPrefix + number.ToString(CultureInfo.InvariantCulture));

    public string FreshDirectory => Path.Combine(_root, FreshPrefix + bootId);

    public string FreshPath(in ObjectId id, long number) => string.Create(CultureInfo.InvariantCulture, $"{FreshDirectory}/{id}-{number}");

    /// <summary>Takes apart the name of a fresh object.</summary>
    public static bool TryParseFresh(string path, out ObjectId id, out long number)
    {
        ReadOnlySpan<char> name = Path.GetFileName(path.AsSpan());
        id = default;
        number = 0;
        return name.Length > 65 && name[64] == '-'
            && ObjectId.TryParse(name[..64], out id)
            && long.TryParse(name[65..], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>The id of an object file; false for anything else that lies about.</summary>
    public bool TryParse(string path, out ObjectId id) =>
        ObjectId.TryParse(Path.GetFileName(path.AsSpan()), out id) && PathOf(id) == path;

    /// <summary>Makes what is missing, takes the lock, checks the version, removes what unfinished puts left behind.</summary>
    public LockFile Prepare(string name)
    {
        if (!Directory.Exists(_root))
        {
            PrivatePath.CreateDirectory(_root);
            DirectoryHandle.Sync(Path.GetDirectoryName(_root)!);
        }

        LockFile lockFile = LockFile.TryAcquire(Path.Combine(_root, "lock"), out int holder)
            ?? throw new StoreException($"store {name} in {_root} is in use by process {holder}");
        try
        {
            CheckFormat(name);
            Directory.CreateDirectory(ObjectsDirectory);
            Directory.CreateDirectory(TemporaryDirectory);
            Directory.CreateDirectory(FreshDirectory);
            foreach (string old in Directory.EnumerateDirectories(_root, FreshPrefix + "*").Where(path => path != FreshDirectory)) RemoveFresh(old);
            DirectoryHandle.Sync(_root);
            foreach (string leftover in Directory.EnumerateFiles(TemporaryDirectory, TemporaryPrefix + "*")) File.Delete(leftover);
            return lockFile;
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }
    }

    /// <summary>After a reboot, what was not synced may be in pieces; nobody was promised it.</summary>
    private static void RemoveFresh(string directory)
    {
        foreach (string path in Directory.EnumerateFiles(directory).Where(path => TryParseFresh(path, out _, out _))) File.Delete(path);
        if (!Directory.EnumerateFileSystemEntries(directory).Any()) Directory.Delete(directory);
    }

    private void CheckFormat(string name)
    {
        string path = Path.Combine(_root, "format");
        if (!File.Exists(path))
        {
            DurableFile.Replace(path, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FormatPrefix}{FormatVersion}\n")));
            return;
        }

        string text = File.ReadAllText(path).TrimEnd('\n');
        bool isFormat = text.StartsWith(FormatPrefix, StringComparison.Ordinal)
            & int.TryParse(text.AsSpan(Math.Min(FormatPrefix.Length, text.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out int version);
        if (!isFormat) throw new StoreException($"store {name}: {path} does not say which format the store has");
        if (version != FormatVersion) throw new StoreException($"store {name} in {_root} has format version {version}, and this Bazil knows only {FormatVersion}: upgrade it");
    }
}
