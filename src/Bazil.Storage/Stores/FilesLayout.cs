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

    /// <summary>The number of a fresh object that was written before the last reboot and may be in pieces. Puts count from 1.</summary>
    public const long DoubtfulNumber = 0;

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

    /// <summary>Whether a directory holds such a store, of whatever version.</summary>
    public static bool IsStore(string root) => File.Exists(Path.Combine(root, "format"));

    /// <summary>Whether nothing is there but what a new file system has, or what a store has before its format is written.</summary>
    public static bool MayMake(string root) =>
        !Directory.Exists(root) || Directory.EnumerateFileSystemEntries(root).All(static entry => Path.GetFileName(entry) is "lost+found" or "lock" or "format.new");

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
            foreach (string old in Directory.EnumerateDirectories(_root, FreshPrefix + "*").Where(path => path != FreshDirectory)) TakeOver(old);
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

    /// <summary>
    /// Objects that were not synced before a reboot. Nearly always they are whole: the daemon was killed and the machine
    /// went down in order. After a power cut one may be in pieces; its MAC tells when it is read. So they are kept, since
    /// rows may name them, but as doubtful: nobody leaves out a put because of one.
    /// </summary>
    private void TakeOver(string directory)
    {
        // The later of two versions last, for it stays.
        foreach ((string path, ObjectId id, long _) in Parsed(directory).OrderBy(static file => file.Number))
        {
            if (new FileInfo(path).Length == 0) File.Delete(path);
            else File.Move(path, FreshPath(id, DoubtfulNumber), overwrite: true);
        }

        if (!Directory.EnumerateFileSystemEntries(directory).Any()) Directory.Delete(directory);
    }

    private static List<(string Path, ObjectId Id, long Number)> Parsed(string directory)
    {
        var files = new List<(string, ObjectId, long)>();
        foreach (string path in Directory.EnumerateFiles(directory))
        {
            if (TryParseFresh(path, out ObjectId id, out long number)) files.Add((path, id, number));
        }

        return files;
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
