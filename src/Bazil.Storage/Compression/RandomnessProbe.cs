namespace Bazil.Storage.Compression;

/// <summary>
/// Recognises content that is compressed or encrypted already (photos, video, archives) from 1 KiB of samples, in a
/// few microseconds, where the compressor would need a hundred to find out.
/// <para>
/// It counts how often each byte value occurs. The sum of the squared shares is the probability that two bytes are equal; its
/// negative logarithm (the Rényi entropy) is at most the entropy. At 7.5 bits or more no code for single bytes saves more than a 16th. What is
/// given up: repetitions over a distance within content that is otherwise random.
/// </para>
/// </summary>
internal static class RandomnessProbe
{
    private const int RunCount = 8;
    private const int RunSizeBytes = 128;
    private const int SampleSizeBytes = RunCount * RunSizeBytes;

    /// <summary>Ordered pairs of equal bytes among the samples at 7.5 bits: n + n (n - 1) / 2^7.5, where a uniform source has n + n (n - 1) / 2^8.</summary>
    private const int EqualPairCountMax = SampleSizeBytes + (SampleSizeBytes * (SampleSizeBytes - 1) / 181);

    public static bool LooksRandom(ReadOnlySpan<byte> content)
    {
        if (content.Length < 2 * SampleSizeBytes) return false; // compressing it costs no more than looking
        Span<ushort> counts = stackalloc ushort[256];
        counts.Clear();
        int stride = (content.Length - RunSizeBytes) / (RunCount - 1);
        for (int run = 0; run < RunCount; run++)
        {
            foreach (byte value in content.Slice(run * stride, RunSizeBytes)) counts[value]++;
        }

        int equalPairCount = 0;
        foreach (ushort count in counts) equalPairCount += count * count;
        return equalPairCount <= EqualPairCountMax;
    }
}
