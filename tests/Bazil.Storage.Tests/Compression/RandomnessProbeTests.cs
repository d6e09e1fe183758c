using System.IO.Compression;
using System.Text;
using Bazil.Storage.Compression;

namespace Bazil.Storage.Tests.Compression;

public sealed class RandomnessProbeTests
{
    [Theory]
    [InlineData(4096)]
    [InlineData(128 * 1024)]
    [InlineData(4 * 1024 * 1024)]
    public void Random_bytes_look_random_and_text_does_not(int sizeBytes)
    {
        var random = new Random(3);
        byte[] content = new byte[sizeBytes];
        random.NextBytes(content);
        Assert.True(RandomnessProbe.LooksRandom(content));
        foreach (ref byte value in content.AsSpan()) value = "0123456789abcdefghijklmnopqrstuvwxyz \n"u8[value % 38];
        Assert.False(RandomnessProbe.LooksRandom(content));
    }

    [Fact]
    public void Base64_of_random_bytes_does_not_look_random()
    {
        byte[] content = new byte[96 * 1024];
        new Random(4).NextBytes(content);
        Assert.False(RandomnessProbe.LooksRandom(Encoding.ASCII.GetBytes(Convert.ToBase64String(content))));
    }

    [Fact]
    public void What_another_program_compressed_looks_random()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var random = new Random(5);
            for (int line = 0; line < 50_000; line++) gzip.Write(Encoding.ASCII.GetBytes($"{random.Next()} line {random.Next(100)}\n"));
        }

        Assert.True(RandomnessProbe.LooksRandom(compressed.ToArray()));
    }

    [Fact]
    public void Program_code_does_not_look_random() =>
        Assert.False(RandomnessProbe.LooksRandom(File.ReadAllBytes(typeof(RandomnessProbe).Assembly.Location)));

    [Fact]
    public void Content_too_small_for_the_samples_is_left_to_the_compressor()
    {
        byte[] content = new byte[2047];
        new Random(6).NextBytes(content);
        Assert.False(RandomnessProbe.LooksRandom(content));
        Assert.False(RandomnessProbe.LooksRandom([]));
    }
}
