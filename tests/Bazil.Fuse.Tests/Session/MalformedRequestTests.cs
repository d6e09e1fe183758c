using System.Runtime.InteropServices;
using Bazil.Fuse.Kernel;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Session;

public sealed class MalformedRequestTests
{
    [Fact]
    public void Every_operation_is_understood_when_whole()
    {
        using var harness = new DispatcherHarness();
        foreach (var (opcode, bytes) in RequestBytes.All())
        {
            var reply = harness.Ask(bytes);
            Assert.NotNull(reply);
            Assert.Equal((opcode, true), (opcode, reply.Value.Error is Errno.OK or Errno.ENOSYS));
        }

        Assert.Empty(harness.Log);
    }

    [Fact]
    public void Every_operation_cut_at_any_byte_is_answered_EIO_once()
    {
        using var harness = new DispatcherHarness();
        var whole = RequestBytes.All().ToList();
        foreach (var (opcode, bytes) in whole)
        {
            for (var length = 40; length < bytes.Length; length++)
                Assert.Equal((opcode, length, Errno.EIO), (opcode, length, harness.Ask(bytes.AsSpan(0, length))!.Value.Error));
            Assert.True(harness.Ask(bytes)!.Value.Error is Errno.OK or Errno.ENOSYS);
        }
    }

    [Fact]
    public void A_request_shorter_than_its_header_claims_is_answered_EIO()
    {
        using var harness = new DispatcherHarness();
        foreach (var (opcode, bytes) in RequestBytes.All())
        {
            harness.Channel.Replies.Clear();
            harness.Feed(bytes.AsSpan(0, bytes.Length - 1));
            Assert.Equal((opcode, Errno.EIO), (opcode, Assert.Single(harness.Channel.Replies).Error));
        }
    }

    [Fact]
    public void Less_than_a_header_is_only_logged()
    {
        using var harness = new DispatcherHarness();
        for (var length = 0; length < 40; length++) harness.Feed(new byte[length]);
        Assert.Empty(harness.Channel.Replies);
        Assert.Equal(40, harness.Log.Count);
    }

    [Fact]
    public void Messages_without_answer_get_none_however_short()
    {
        using var harness = new DispatcherHarness();
        byte[][] messages =
        [
            RequestBytes.Make(Opcode.Forget, 0, 2, RequestBytes.Bytes(new Abi.ForgetIn { Lookups = 1 })),
            RequestBytes.Make(
                Opcode.BatchForget, 0, 0, RequestBytes.Bytes(new Abi.BatchForgetIn { Count = 2 }), RequestBytes.Bytes(default(Abi.ForgetOne)), RequestBytes.Bytes(default(Abi.ForgetOne))),
            RequestBytes.Make(Opcode.BatchForget, 0, 0, RequestBytes.Bytes(new Abi.BatchForgetIn { Count = uint.MaxValue })),
            RequestBytes.Make(Opcode.Interrupt, 3, 0, RequestBytes.Bytes(new Abi.InterruptIn { Unique = 2 })),
            RequestBytes.Make(Opcode.NotifyReply, 3, 0, new byte[40]),
        ];
        foreach (var message in messages)
        {
            for (var length = 40; length <= message.Length; length++) Assert.Null(harness.Ask(message.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_read_or_write_larger_than_any_buffer_is_refused()
    {
        using var harness = new DispatcherHarness();
        harness.Ask(RequestBytes.All().First().Bytes);
        Assert.Equal(Errno.EIO, harness.Ask(RequestBytes.Make(Opcode.Read, 2, 2, RequestBytes.Bytes(new Abi.ReadIn { Size = uint.MaxValue })))!.Value.Error);
        Assert.Equal(Errno.EIO, harness.Ask(RequestBytes.Make(Opcode.ReadDirectory, 4, 1, RequestBytes.Bytes(new Abi.ReadIn { Size = 1u << 31 })))!.Value.Error);
        Assert.Equal(Errno.EIO, harness.Ask(RequestBytes.Make(Opcode.Write, 6, 2, RequestBytes.Bytes(new Abi.WriteIn { Size = uint.MaxValue }), new byte[10]))!.Value.Error);
        Assert.Equal(Errno.EIO, harness.Ask(RequestBytes.Make(Opcode.SetXattr, 8, 2, RequestBytes.Bytes(new Abi.SetXattrIn { Size = uint.MaxValue })[..8], RequestBytes.Name("user.x")))!.Value.Error);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData(".")]
    [InlineData("..")]
    public void A_name_that_no_directory_can_hold_is_refused(string name)
    {
        using var harness = new DispatcherHarness();
        var make = RequestBytes.Bytes(new Abi.MakeDirectoryIn { Mode = 0x1ED });
        Assert.Equal(Errno.EIO, harness.Ask(RequestBytes.Make(Opcode.MakeDirectory, 2, 1, make, RequestBytes.Name(name)))!.Value.Error);
        Assert.Equal(Errno.OK, harness.Ask(RequestBytes.Make(Opcode.Symlink, 4, 1, RequestBytes.Name("link"), RequestBytes.Name(name)))!.Value.Error);
    }

    [Fact]
    public void Extensions_at_the_end_are_not_taken_for_data()
    {
        using var harness = new DispatcherHarness();
        var bytes = RequestBytes.Make(Opcode.MakeDirectory, 2, 1, RequestBytes.Bytes(new Abi.MakeDirectoryIn { Mode = 0x1ED }), RequestBytes.Name("dir"), new byte[16]);
        MemoryMarshal.Write(bytes.AsSpan(36), (ushort)2);
        Assert.Equal(Errno.OK, harness.Ask(bytes)!.Value.Error);
        MemoryMarshal.Write(bytes.AsSpan(36), ushort.MaxValue);
        Assert.Equal(Errno.EIO, harness.Ask(bytes)!.Value.Error);
    }

    [Fact]
    public void Random_bytes_and_flipped_bits_are_answered_at_most_once_and_never_throw()
    {
        var seed = Seed.Take(2611);
        var random = seed.CreateRandom();
        using var harness = new DispatcherHarness();
        // A lock that is waited for is answered later, rightly so.
        var whole = RequestBytes.All().Where(request => request.Opcode is not (Opcode.SetLock or Opcode.SetLockWait)).ToList();
        for (var round = 0; round < 100_000; round++)
        {
            var bytes = whole[random.Next(whole.Count)].Bytes.ToArray();
            for (var flips = random.Next(1, 6); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (bytes[4] == (byte)Opcode.SetLockWait) bytes[4] = 0;
            if (random.Next(4) == 0) random.NextBytes(bytes.AsSpan(40));
            MemoryMarshal.Write(bytes, random.Next(8) == 0 ? (uint)random.Next() : (uint)bytes.Length);
            harness.Channel.Replies.Clear();
            Assert.True(harness.Feed(bytes), seed.ToString());
            Assert.True(harness.Channel.Replies.Count <= 1, seed.ToString());
        }

        Assert.DoesNotContain(harness.Log, line => line.Contains("Invariant", StringComparison.Ordinal));
    }
}
