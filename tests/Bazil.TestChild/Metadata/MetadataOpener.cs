using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;

namespace Bazil.TestChild.Metadata;

/// <summary>
/// Opens databases that may be damaged, so that a crash of the native library is that of a child. For each directory on a
/// line of the input it answers one line: <c>entries HEX ...</c> (keys in order) or <c>error FAILURE</c>.
/// </summary>
internal static class MetadataOpener
{
    internal static int Run()
    {
        while (Console.ReadLine() is { } directory) Console.WriteLine(Read(directory));
        return 0;
    }

    private static string Read(string directory)
    {
        try
        {
            using RocksDbMetadataStore store = RocksDbMetadataStore.Open(directory, TimeProvider.System);
            List<string> keys = ["entries"];
            using (IMetadataCursor cursor = store.Scan([], []))
            {
                while (cursor.MoveNext())
                {
                    byte[]? value = store.Get(cursor.Key);
                    if (value is null || !cursor.Value.SequenceEqual(value)) return "error scan and get differ";
                    keys.Add(Convert.ToHexString(cursor.Key));
                }
            }

            // A damaged database that opened must also take a write or refuse it.
            var batch = new MetadataBatch();
            batch.Put([0xFE], [1]);
            store.Commit(batch);
            store.Sync();
            return string.Join(' ', keys);
        }
        catch (MetadataException exception)
        {
            return $"error {exception.Failure}";
        }
    }
}
