using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Metadata;

/// <summary>
/// Bit flips and truncation in every kind of file of a database. Opening and reading it gives an error, or a prefix of what
/// was committed: never a crash, a wrong entry, or a commit without those before it.
/// </summary>
public sealed class MetadataDamageTests(ITestOutputHelper output) : IDisposable
{
    private const int BatchCount = 240;
    private const int DamagesPerKind = 25;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("*.sst")]
    [InlineData("*.log")]
    [InlineData("MANIFEST-*")]
    [InlineData("CURRENT")]
    [InlineData("OPTIONS-*")]
    [InlineData("IDENTITY")]
    public void Damage_is_an_error_or_leaves_a_prefix(string pattern)
    {
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        CreateDatabase();
        using ChildProcess opener = ChildProcess.Start("metadata-open");
        Assert.Equal(BatchCount, Open(opener, Copy("intact"), "intact", seed));
        int errors = 0;
        int shorter = 0;
        for (int i = 0; i < DamagesPerKind; i++)
        {
            string copy = Copy($"copy{i}");
            string what = Damage(Directory.GetFiles(copy, pattern), random);
            int? batches = Open(opener, copy, what, seed);
            if (batches is null) errors++;
            else if (batches < BatchCount) shorter++;
            Directory.Delete(copy, recursive: true);
        }

        output.WriteLine($"{pattern}: {DamagesPerKind} damages, {errors} errors, {shorter} shorter prefixes");
    }

    /// <summary>Some entries in tables, some only in the log.</summary>
    private void CreateDatabase()
    {
        var batch = new MetadataBatch();
        byte[] value = new byte[150];
        RocksDbMetadataStore store = RocksDbMetadataStore.Create(_directory["db"], TimeProvider.System);
        for (int i = 0; i < BatchCount; i++)
        {
            if (i > 0 && i % 60 == 0)
            {
                store.Dispose();
                store = RocksDbMetadataStore.Open(_directory["db"], TimeProvider.System);
            }

            batch.Clear();
            for (byte part = 0; part < 3; part++)
            {
                new Random(i).NextBytes(value);
                batch.Put([(byte)i, part], value);
            }

            store.Commit(batch);
        }

        store.Dispose();
    }

    private string Copy(string name)
    {
        string copy = Directory.CreateDirectory(_directory[name]).FullName;
        foreach (string file in Directory.GetFiles(_directory["db"])) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    private static string Damage(string[] files, Random random)
    {
        Assert.NotEmpty(files);
        string path = files[random.Next(files.Length)];
        byte[] content = File.ReadAllBytes(path);
        string name = Path.GetFileName(path);
        int at = content.Length == 0 ? 0 : random.Next(content.Length);
        switch (random.Next(4))
        {
            case 0:
                File.WriteAllBytes(path, content[..at]);
                return $"{name} cut at {at} of {content.Length}";
            case 1:
                random.NextBytes(content.AsSpan(at, Math.Min(512, content.Length - at)));
                File.WriteAllBytes(path, content);
                return $"{name} with noise from {at} of {content.Length}";
            default:
                int bit = random.Next(8);
                if (content.Length > 0) content[at] ^= (byte)(1 << bit);
                File.WriteAllBytes(path, content);
                return $"{name} with bit {bit} of byte {at} of {content.Length} flipped";
        }
    }

    /// <summary>Returns how many batches were found, or null for an error that was reported properly.</summary>
    private static int? Open(ChildProcess opener, string directory, string what, Seed seed)
    {
        opener.Input.WriteLine(directory);
        opener.Input.Flush();
        string? answer = opener.Output.ReadLine();
        if (answer is null)
        {
            opener.WaitForExit();
            Assert.Fail($"the process died with {opener.ExitCode}: {what}, {seed}");
        }

        string[] words = answer.Split(' ');
        if (words[0] == "error")
        {
            Assert.True(Enum.TryParse<MetadataFailure>(words[^1], out _), $"{answer}: {what}, {seed}");
            return null;
        }

        string expected = string.Join(' ', Enumerable.Range(0, (words.Length - 1) / 3)
            .SelectMany(i => Enumerable.Range(0, 3).Select(part => $"{i:X2}{part:X2}")).Prepend("entries"));
        Assert.True(answer == expected, $"not a prefix: {what}, {seed}");
        return (words.Length - 1) / 3;
    }
}
