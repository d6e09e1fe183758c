using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;
using Bazil.Testing;

namespace Bazil.Peers.Tests.Protocol;

public sealed class FrameTests
{
    private static readonly byte[] Stream = Bytes(
        (FrameKind.Alive, []), (FrameKind.Object, [1, 2, 3]), (FrameKind.Data, new byte[40_000]), (FrameKind.Missing, []),
        (FrameKind.Data, [9]), (FrameKind.Alive, []), (FrameKind.End, []));

    [Fact]
    public async Task Frames_come_back_as_written_without_the_signs_of_life()
    {
        Assert.Equal(["Object 3", "Data 40000", "Missing 0", "Data 1", "End 0"], await ReadAsync(Stream));
    }

    [Fact]
    public async Task Stream_cut_at_any_byte_is_malformed_or_lacks_its_end()
    {
        for (int length = 0; length < Stream.Length; length += length is > 60 and < 39_900 ? 997 : 1)
        {
            try
            {
                Assert.DoesNotContain("End 0", await ReadAsync(Stream[..length]));
            }
            catch (MalformedFrameException)
            {
            }
        }
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 99 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 7 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 1, 0, 16, 0, 1 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 1 })]
    [InlineData(new byte[] { 0, 0, 0, 128, 1 })]
    [InlineData(new byte[] { 65, 0, 0, 0, 2 })]
    [InlineData(new byte[] { 2, 0, 0, 0, 7, 1, 1 })]
    public async Task Frame_that_cannot_be_is_refused_before_anything_is_allocated_for_it(byte[] bytes)
    {
        await Assert.ThrowsAsync<MalformedFrameException>(() => ReadAsync(bytes));
    }

    [Fact]
    public async Task Random_bytes_end_in_frames_or_in_malformed_and_nothing_else()
    {
        var seed = Seed.Take(fallback: 4711);
        TestContext.Current.TestOutputHelper?.WriteLine(seed.ToString());
        var random = seed.CreateRandom();
        for (int round = 0; round < 3000; round++)
        {
            var bytes = random.Next(2) == 0 ? new byte[random.Next(64)] : Stream[..random.Next(200)];
            if (random.Next(2) == 0) random.NextBytes(bytes);
            for (int i = 0; i < bytes.Length; i += random.Next(1, 9)) bytes[i] = (byte)random.Next(random.Next(2) == 0 ? 8 : 256);
            try
            {
                await ReadAsync(bytes);
            }
            catch (MalformedFrameException)
            {
            }
        }
    }

    [Fact]
    public async Task Object_whose_frames_do_not_add_up_is_malformed()
    {
        await ReadObjectAsync(3, (FrameKind.Data, [1, 2, 3]));
        await ReadObjectAsync(0);
        await Malformed(3, (FrameKind.Data, [1, 2, 3, 4]));
        await Malformed(3, (FrameKind.Data, [1, 2]));
        await Malformed(3, (FrameKind.Data, [1, 2]), (FrameKind.End, []));
        await Malformed((ulong)Limits.ObjectBytes + 1, (FrameKind.Data, [1]));
        await Malformed(ulong.MaxValue, (FrameKind.Data, [1]));

        static Task Malformed(ulong length, params (FrameKind, byte[])[] frames) =>
            Assert.ThrowsAsync<MalformedFrameException>(() => ReadObjectAsync(length, frames));
    }

    [Fact]
    public async Task Object_that_only_claims_to_be_large_costs_little_memory()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        await Assert.ThrowsAsync<MalformedFrameException>(() => ReadObjectAsync(Limits.ObjectBytes, (FrameKind.Data, new byte[100])));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 << 20);
    }

    private static async Task ReadObjectAsync(ulong length, params (FrameKind, byte[])[] frames)
    {
        using var watch = new IdleWatch(TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None);
        using var reader = new FrameReader(new MemoryStream(Bytes(frames)), watch);
        using var body = new ObjectBody();
        body.Begin(length, offset: 0);
        using var read = await body.ReadAsync(reader, isPaced: false);
        Assert.Equal(length, (ulong)read.Memory.Length);
    }

    private static byte[] Bytes(params (FrameKind Kind, byte[] Payload)[] frames)
    {
        using var stream = new MemoryStream();
        foreach (var (kind, payload) in frames)
        {
            var header = new byte[FrameHeader.Size];
            new FrameHeader(kind, payload.Length).Write(header);
            stream.Write(header);
            stream.Write(payload);
        }
        return stream.ToArray();
    }

    private static async Task<List<string>> ReadAsync(byte[] bytes)
    {
        using var watch = new IdleWatch(TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None);
        using var reader = new FrameReader(new MemoryStream(bytes), watch);
        var result = new List<string>();
        while (await reader.NextAsync() is { } header)
        {
            Assert.Equal(header.Length, (await reader.ReadPayloadAsync(header)).Length);
            result.Add($"{header.Kind} {header.Length}");
        }
        return result;
    }
}
