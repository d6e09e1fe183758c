using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.Unix;

namespace Bazil.Storage.Stores;

/// <summary>Where a <see cref="FilesObjectStore"/> keeps what. Two levels of directories by the first two bytes of the id.</summary>
internal sealed class FilesLayout(string root)
{
    private const string FormatPrefix = "bazil files store ";
    private const int FormatVersion = 1;
    private const string TemporaryPrefix = "put-";

    private readonly string _root = Path.GetFullPath(root);

    public string ObjectsDirectory => Path.Combine(_root, "objects");

    private string TemporaryDirectory => Path.Combine(_root, "tmp");

    public string PathOf(in ObjectId id)
    {
        string hex = id.ToString();
        return string.Concat(ObjectsDirectory, "/", hex.AsSpan(0, 2), $"/{hex.AsSpan(2, 2)}/{hex}");
    }

    public string TemporaryPath(long number) => Path.Combine(TemporaryDirectory, TemporaryPrefix + number.ToString(CultureInfo.InvariantCulture));

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
