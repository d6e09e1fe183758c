using System.Buffers.Binary;
using System.IO.Pipelines;
using Bazil.Remotes.Sftp;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.Sftp;

/// <summary>The session against servers that do not keep to the protocol.</summary>
public sealed class SftpChannelTests
{
    private static readonly CancellationToken _none = CancellationToken.None;
    private static readonly byte[] _version = Packet(2, [0, 0, 0, 3]);

    private readonly ManualTime _time = new();
    private readonly Pipe _toServer = new();
    private readonly Pipe _fromServer = new();
    private int _endings;

    [Theory]
    [InlineData("\u0000\u0000\u0000\u0000", "not SFTP")]
    [InlineData("Welcome to host!", "not SFTP")]
    [InlineData("\u0000\u0000\u0000\u0005\u0063\u0000\u0000\u0000\u0003", "not an SFTP server")]
    [InlineData("\u0000\u0000\u0000\u0005\u0002\u0000\u0000\u0000\u0004", "version 4")]
    [InlineData("\u0000\u0000\u0000\u0003\u0002\u0000\u0000", "middle of a field")]
    [InlineData("\u0000\u0000\u0000\u0009\u0002\u0000\u0000\u0000\u0003\u0000\u0000\u0000\u0063", "middle of a field")]
    public async Task Greeting_that_is_not_the_protocol_is_refused(string greeting, string reason)
    {
        await SendAsync(greeting.Select(static letter => (byte)letter).ToArray());
        IOException refused = await Assert.ThrowsAnyAsync<IOException>(OpenAsync);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Greeting_that_is_cut_off_is_refused()
    {
        await SendAsync(_version.AsMemory(0, 6));
        await _fromServer.Writer.CompleteAsync();
        await Assert.ThrowsAnyAsync<IOException>(OpenAsync);
    }

    [Fact]
    public async Task Answers_in_any_order_reach_those_who_asked()
    {
        await using SftpChannel channel = await OpenGreetedAsync();
        Task<SftpReply>[] calls = [.. Enumerable.Range(0, 3).Select(_ => channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), _none))];
        foreach (byte id in (byte[])[2, 0, 1]) await SendAsync(Packet(101, [0, 0, 0, id, 0, 0, 0, id]));
        for (int index = 0; index < 3; index++) Assert.Equal((SftpStatus)index, (await calls[index]).ReadStatus());
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 99, 0, 0, 0, 0 }, "what nobody asked")]
    [InlineData(new byte[] { 0, 0 }, "without an id")]
    public async Task Answer_that_fits_no_request_ends_the_session(byte[] fields, string reason)
    {
        await using SftpChannel channel = await OpenGreetedAsync();
        Task<SftpReply> call = channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), _none);
        await SendAsync(Packet(101, fields));
        IOException ended = await Assert.ThrowsAnyAsync<IOException>(() => call);
        Assert.Contains(reason, ended.Message, StringComparison.Ordinal);
        Assert.True(channel.HasFailed);
        await Assert.ThrowsAnyAsync<IOException>(() => channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), _none));
    }

    [Fact]
    public async Task Answer_to_a_call_that_was_given_up_is_dropped()
    {
        await using SftpChannel channel = await OpenGreetedAsync();
        using var cancel = new CancellationTokenSource();
        Task<SftpReply> givenUp = channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        Task<SftpReply> call = channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), _none);
        await SendAsync(Packet(101, [0, 0, 0, 0, 0, 0, 0, 0]));
        await SendAsync(Packet(101, [0, 0, 0, 1, 0, 0, 0, 2]));
        Assert.Equal(SftpStatus.NoSuchFile, (await call).ReadStatus());
    }

    [Fact]
    public async Task Read_that_brings_more_than_was_asked_is_refused()
    {
        await using SftpChannel channel = await OpenGreetedAsync();
        Task<int> read = new SftpClient(channel).ReadAsync([1], 0, new byte[4], _none);
        await SendAsync(Packet(103, [0, 0, 0, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]));
        await Assert.ThrowsAsync<SftpException>(() => read);
    }

    [Fact]
    public async Task Read_that_brings_less_is_continued()
    {
        await using SftpChannel channel = await OpenGreetedAsync();
        byte[] buffer = new byte[4];
        Task<int> read = new SftpClient(channel).ReadAsync([1], 0, buffer, _none);
        await ReceiveAsync();
        await SendAsync(Packet(103, [0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]));
        await ReceiveAsync();
        await SendAsync(Packet(103, [0, 0, 0, 1, 0, 0, 0, 1, 4]));
        Assert.Equal(4, await read);
        Assert.Equal([1, 2, 3, 4], buffer);
    }

    [Fact]
    public async Task Session_whose_server_falls_silent_while_an_answer_is_due_is_given_up()
    {
        await using SftpChannel channel = await OpenGreetedAsync();

        // Nothing is due: silence says nothing.
        _time.Advance(2 * Limits.SftpSilenceMax);
        await _time.WhenRearmedAsync(_none);
        Assert.False(channel.HasFailed);
        Task<SftpReply> call = channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), _none);

        // Neither does one slow answer while others come.
        for (byte id = 1; id < 6; id++)
        {
            _time.Advance(Limits.SftpSilenceMax / 2);
            await _time.WhenRearmedAsync(_none);
            Task<SftpReply> other = channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), _none);
            await SendAsync(Packet(101, [0, 0, 0, id, 0, 0, 0, 0]));
            await other;
        }

        await SendAsync(Packet(101, [0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal(SftpStatus.Ok, (await call).ReadStatus());
        Task<SftpReply> unanswered = channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add("x"), _none);
        _time.Advance(Limits.SftpSilenceMax);
        IOException ended = await Assert.ThrowsAsync<IOException>(() => unanswered);
        Assert.Contains("has not answered for 60 seconds", ended.Message, StringComparison.Ordinal);
        Assert.True(channel.HasFailed);
        Assert.Equal(1, _endings);
    }

    [Fact]
    public async Task Directory_that_goes_on_without_entries_is_refused()
    {
        await using SftpChannel channel = await OpenGreetedAsync();
        Task<IReadOnlyList<(string, SftpAttributes)>?> read = new SftpClient(channel).ReadDirectoryAsync([1], _none);
        await SendAsync(Packet(104, [0, 0, 0, 0, 0, 0, 0, 0]));
        await Assert.ThrowsAsync<SftpException>(() => read);
    }

    [Fact]
    public async Task Words_of_the_server_are_shown_in_one_line_of_bounded_length()
    {
        await using SftpChannel channel = await OpenGreetedAsync();
        Task call = new SftpClient(channel).RemoveAsync("x", _none);
        byte[] words = [.. "\u001b[2Jgone\nand\r\0more"u8, .. Enumerable.Repeat((byte)'x', 1000)];
        await SendAsync(Packet(101, [0, 0, 0, 0, 0, 0, 0, 4, 0, 0, (byte)(words.Length >> 8), (byte)words.Length, .. words]));
        SftpException refused = await Assert.ThrowsAsync<SftpException>(() => call);
        Assert.DoesNotContain(refused.Message, char.IsControl);
        Assert.StartsWith("[2Jgone and  more", refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.Message.Length, 100, Limits.ServerWordsMax + 1);
    }

    private static byte[] Packet(byte kind, ReadOnlySpan<byte> rest)
    {
        byte[] packet = new byte[5 + rest.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, 1 + rest.Length);
        packet[4] = kind;
        rest.CopyTo(packet.AsSpan(5));
        return packet;
    }

    private Task<SftpChannel> OpenAsync() => SftpChannel.OpenAsync(_fromServer.Reader.AsStream(), _toServer.Writer.AsStream(), _time, () => _endings++, _none);

    private async Task<SftpChannel> OpenGreetedAsync()
    {
        await SendAsync(_version);
        SftpChannel channel = await OpenAsync();
        await ReceiveAsync(); // the greeting
        return channel;
    }

    /// <summary>Waits for the client's next packet.</summary>
    private async Task ReceiveAsync()
    {
        ReadResult read = await _toServer.Reader.ReadAtLeastAsync(4, _none);
        int length = 4 + BinaryPrimitives.ReadInt32BigEndian(System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, 4)));
        _toServer.Reader.AdvanceTo(read.Buffer.Start);
        read = await _toServer.Reader.ReadAtLeastAsync(length, _none);
        _toServer.Reader.AdvanceTo(read.Buffer.GetPosition(length));
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _fromServer.Writer.WriteAsync(bytes, _none);
}
