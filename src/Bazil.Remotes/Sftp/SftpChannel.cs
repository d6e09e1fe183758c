using System.Buffers.Binary;

namespace Bazil.Remotes.Sftp;

/// <summary>
/// One session of SFTP version 3 over a pair of streams. Many requests are in flight; answers are matched by their id. When the stream ends or carries
/// something that is not SFTP, or brings nothing for long though an answer is due, all that wait fail, and so does whatever is asked later. Safe for concurrent use.
/// </summary>
internal sealed class SftpChannel : IAsyncDisposable
{
    private const uint ProtocolVersion = 3;

    private readonly TimeProvider _time;
    private readonly Action _ended;
    private readonly Stream _fromServer;
    private readonly Stream _toServer;
    private readonly SemaphoreSlim _window = new(Limits.SftpRequestsInFlight);
    private readonly SemaphoreSlim _sending = new(1); // one packet at a time on the stream

    // Guards what follows; nothing is called while it is held.
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, TaskCompletionSource<SftpReply>> _waiting = [];
    private uint _nextId;
    private Exception? _failure;
    private long _quietSince; // when the last bytes came, or the first of the requests that wait was made

    private readonly CancellationTokenSource _ending = new();
    private Task _receiving = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;

    private SftpChannel(Stream fromServer, Stream toServer, TimeProvider time, Action ended) => (_fromServer, _toServer, _time, _ended) = (fromServer, toServer, time, ended);

    /// <summary>What the server can do beyond version 3, such as <c>posix-rename@openssh.com</c>.</summary>
    public IReadOnlySet<string> Extensions { get; private set; } = new HashSet<string>();

    /// <summary>True once nothing can be asked any more.</summary>
    public bool HasFailed
    {
        get
        {
            lock (_gate) return _failure is not null;
        }
    }

    /// <summary>Greets the server. Owns the streams from here on. Whoever calls this bounds the time it takes.</summary>
    /// <param name="fromServer">Answers.</param>
    /// <param name="toServer">Requests.</param>
    /// <param name="time">Tells how long nothing has come.</param>
    /// <param name="ended">Called when the session fails, perhaps more than once: makes reads and writes of the streams that hang return.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="IOException">The stream ended, or the other side does not speak SFTP 3.</exception>
    public static async Task<SftpChannel> OpenAsync(Stream fromServer, Stream toServer, TimeProvider time, Action ended, CancellationToken cancel)
    {
        var channel = new SftpChannel(fromServer, toServer, time, ended);
        byte[] greeting = new byte[9];
        BinaryPrimitives.WriteUInt32BigEndian(greeting, 5);
        greeting[4] = (byte)SftpPacketKind.Init;
        BinaryPrimitives.WriteUInt32BigEndian(greeting.AsSpan(5), ProtocolVersion);
        await toServer.WriteAsync(greeting, cancel);
        await toServer.FlushAsync(cancel);
        channel.Extensions = ReadVersion(await channel.ReadPacketAsync(cancel));
        channel._receiving = channel.ReceiveAsync();
        channel._watching = channel.WatchAsync();
        return channel;
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="IOException">The session has ended.</exception>
    public async Task<SftpReply> CallAsync(SftpRequest request, CancellationToken cancel)
    {
        await _window.WaitAsync(cancel);
        try
        {
            var answer = new TaskCompletionSource<SftpReply>(TaskCreationOptions.RunContinuationsAsynchronously);
            ReadOnlyMemory<byte> packet = request.Finish(Register(answer));
            await SendAsync(packet, cancel);

            // Whoever gives up leaves its entry: the answer may still come, and is dropped then.
            return await answer.Task.WaitAsync(cancel);
        }
        finally
        {
            _window.Release();
        }
    }

    /// <summary>Sends a request whose answer nobody needs, also when there are too many under way, and does not wait.</summary>
    /// <exception cref="IOException">The session has ended.</exception>
    public Task PostAsync(SftpRequest request) => SendAsync(request.Finish(Register(new TaskCompletionSource<SftpReply>())), CancellationToken.None);

    /// <summary>Ends the session. The streams of a process end only with it: end that first.</summary>
    public async ValueTask DisposeAsync()
    {
        Fail(new ObjectDisposedException(nameof(SftpChannel)));
        await _ending.CancelAsync();
        await _receiving;
        await _watching;
        await _fromServer.DisposeAsync();
        await _toServer.DisposeAsync();
        _ending.Dispose();
    }

    private uint Register(TaskCompletionSource<SftpReply> answer)
    {
        lock (_gate)
        {
            if (_failure is { } failure) throw new IOException(failure.Message, failure);
            if (_waiting.Count == 0) _quietSince = _time.GetTimestamp();
            uint id = _nextId++;
            _waiting.Add(id, answer);
            return id;
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> packet, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            // Not cancelled half way: the stream would be of no use to the others.
            await _toServer.WriteAsync(packet, CancellationToken.None);
            await _toServer.FlushAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            Fail(e);
            throw new IOException(e.Message, e);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        try
        {
            for (;;)
            {
                byte[] packet = await ReadPacketAsync(_ending.Token);
                if (packet.Length < 5) throw new SftpException(SftpStatus.BadMessage, "the server sent a packet without an id");
                uint id = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(1));
                TaskCompletionSource<SftpReply>? answer;
                lock (_gate) _waiting.Remove(id, out answer);
                if (answer is null) throw new SftpException(SftpStatus.BadMessage, "the server answered what nobody asked");
                answer.TrySetResult(new SftpReply((SftpPacketKind)packet[0], packet.AsMemory(5)));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            Fail(e); // told to all that wait
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            for (;;)
            {
                await Task.Delay(Limits.SftpSilenceMax / 4, _time, _ending.Token);
                bool isSilent;
                lock (_gate) isSilent = _waiting.Count > 0 && _time.GetElapsedTime(_quietSince) >= Limits.SftpSilenceMax;
                if (isSilent) Fail(new IOException($"the server has not answered for {Limits.SftpSilenceMax.TotalSeconds:0} seconds"));
            }
        }
        catch (OperationCanceledException)
        {
            // The session ends.
        }
    }

    private async Task ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        while (buffer.Length > 0)
        {
            int count = await _fromServer.ReadAsync(buffer, cancel);
            if (count == 0) throw new EndOfStreamException("the server has ended the session");
            lock (_gate) _quietSince = _time.GetTimestamp();
            buffer = buffer[count..];
        }
    }

    private async Task<byte[]> ReadPacketAsync(CancellationToken cancel)
    {
        byte[] header = new byte[4];
        await ReadAsync(header, cancel);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length is 0 or > Limits.SftpPacketBytes)
        {
            throw new SftpException(SftpStatus.BadMessage, $"what answers is not SFTP, or a program on the other side prints when a session begins (a packet of {length} bytes)");
        }

        byte[] packet = new byte[length];
        await ReadAsync(packet, cancel);
        return packet;
    }

    private void Fail(Exception failure)
    {
        TaskCompletionSource<SftpReply>[] waiting;
        lock (_gate)
        {
            _failure ??= failure;
            waiting = [.. _waiting.Values];
            _waiting.Clear();
        }

        _ended();
        foreach (TaskCompletionSource<SftpReply> answer in waiting) answer.TrySetException(new IOException(failure.Message, failure));
    }

    private static HashSet<string> ReadVersion(byte[] packet)
    {
        if (packet[0] != (byte)SftpPacketKind.Version) throw new SftpException(SftpStatus.BadMessage, "what answers is not an SFTP server");
        var reader = new SftpReader(packet.AsSpan(1));
        uint version = reader.ReadUInt32();
        if (version != ProtocolVersion) throw new SftpException(SftpStatus.Unsupported, $"the server speaks version {version} of SFTP; version {ProtocolVersion} is needed");
        var extensions = new HashSet<string>(StringComparer.Ordinal);
        while (!reader.IsAtEnd)
        {
            extensions.Add(reader.ReadString());
            reader.ReadBytes();
        }

        return extensions;
    }
}
