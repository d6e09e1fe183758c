using Bazil.TestChild.Metadata;
using Bazil.TestChild.Posix;
using Bazil.TestChild.Stores;
using Bazil.TestChild.Volumes;

namespace Bazil.TestChild;

/// <summary>
/// A process for tests to start and to kill: <c>Bazil.TestChild VERB ARGUMENT...</c>. It speaks over its standard input and
/// output. Each verb is a method of the class of its subject; add a line here for a new one.
/// </summary>
internal static class Program
{
    private const int UsageError = 2;

    private static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["fsx", string seed, string count, string path, string modelPath]:
                return FileExerciser.Run(int.Parse(seed), long.Parse(count), path, modelPath);
            case ["metadata-write", string directory, string seed]:
                return MetadataWriter.Run(directory, int.Parse(seed));
            case ["metadata-open"]:
                return MetadataOpener.Run();
            case ["metadata-bench", string directory]:
                return MetadataBench.Run(directory);
            case ["posix-compare", string seed, string steps, string mount, string ordinary]:
                return PosixComparison.Run(int.Parse(seed), int.Parse(steps), mount, ordinary);
            case ["record-cache", string row, string count]:
                return RecordCacheMeasurement.Run(Convert.FromHexString(row), int.Parse(count));
            case ["store-write", string directory, string firstNumber, string seed]:
                return await StoreWriter.RunAsync(directory, int.Parse(firstNumber), int.Parse(seed));
            case ["store-bench", string directory]:
                return await StoreBench.RunAsync(directory);
            case ["volume-fill", string directory, string fileCount]:
                return await VolumeServer.FillAsync(directory, int.Parse(fileCount));
            case ["volume-serve", string directory, string mountpoint]:
                return await VolumeServer.RunAsync(directory, mountpoint);
            default:
                Console.Error.WriteLine($"Bazil.TestChild: unknown verb or wrong arguments: {string.Join(' ', arguments)}");
                return UsageError;
        }
    }
}
