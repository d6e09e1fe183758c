using Bazil.Unix;

namespace Bazil.Storage.Arena.Index;

/// <summary>A temporary file without a name: what did not fit in memory while an index is built. Gone when it is closed, also by a crash.</summary>
internal static class SpillFile
{
    private const int BufferSizeBytes = 1 << 16;

    public static FileStream Create(string directory, string name)
    {
        string path = Path.Combine(directory, name + IndexFolder.TemporarySuffix);
        File.Delete(path);
        var stream = new FileStream(
            UnixFile.Open(path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, IndexFolder.FileMode),
            FileAccess.ReadWrite,
            BufferSizeBytes);
        File.Delete(path);
        return stream;
    }
}
