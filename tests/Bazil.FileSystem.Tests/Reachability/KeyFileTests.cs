using Bazil.FileSystem.Reachability;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Reachability;

public sealed class KeyFileTests
{
    [Fact]
    public void Is_a_set_that_grows_and_leaves_no_file_behind()
    {
        Seed seed = Seed.Take(7);
        Random random = seed.CreateRandom();
        using var directory = new TempDirectory();
        using var file = new KeyFile(directory.Path, bucketCount: 2);
        var model = new HashSet<UInt128>();
        UInt128[] keys = [.. Enumerable.Range(0, 2000).Select(_ => new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()))];
        for (int step = 0; step < 10_000; step++)
        {
            UInt128 key = keys[random.Next(keys.Length)];
            if (random.Next(4) == 0)
            {
                file.Remove(key);
                model.Remove(key);
            }
            else
            {
                Assert.Equal(model.Add(key), file.TryAdd(key));
            }
        }

        Assert.True(model.Count > 1000);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }
}
