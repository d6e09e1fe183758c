namespace Bazil.Remotes.Sftp;

/// <summary>The requests of SFTP version 3 that a store needs, and three extensions of OpenSSH. Paths are the server's. Safe for concurrent use.</summary>
internal sealed class SftpClient(SftpChannel channel)
{
    private const string PosixRename = "posix-rename@openssh.com";
    private const string FileSync = "fsync@openssh.com";
    private const string FileSystemStatus = "statvfs@openssh.com";

    private const uint OpenRead = 1, OpenWrite = 2, OpenCreate = 8, OpenTruncate = 16;
    private const uint HasMode = 4;
    private const uint OwnerOnly = 0x180; // 0600
    private const uint OwnerDirectory = 0x1C0; // 0700

    /// <summary>Whether a rename may replace a file in one step.</summary>
    public bool CanReplace => channel.Extensions.Contains(PosixRename);

    public bool HasFailed => channel.HasFailed;

    public async Task<byte[]> OpenForReadingAsync(string path, CancellationToken cancel) =>
        ReadHandle(await channel.CallAsync(new SftpRequest(SftpPacketKind.Open).Add(path).Add(OpenRead).Add(0u), cancel));

    /// <summary>Makes a file that only its owner may read, or empties the one there is.</summary>
    public async Task<byte[]> OpenForWritingAsync(string path, CancellationToken cancel) =>
        ReadHandle(await channel.CallAsync(new SftpRequest(SftpPacketKind.Open).Add(path).Add(OpenWrite | OpenCreate | OpenTruncate).Add(HasMode).Add(OwnerOnly), cancel));

    public async Task CloseAsync(byte[] handle, CancellationToken cancel) =>
        (await channel.CallAsync(new SftpRequest(SftpPacketKind.Close).Add(handle), cancel)).ExpectOk();

    /// <summary>Gives back a handle that was only read from: a round trip less for each read, and whoever gives up reading does not wait for a server that hangs.</summary>
    public Task ReleaseAsync(byte[] handle) => channel.PostAsync(new SftpRequest(SftpPacketKind.Close).Add(handle));

    /// <summary>Fills the buffer from an offset with many requests at once; returns how much there was. A server may answer with less than was asked.</summary>
    public async Task<int> ReadAsync(byte[] handle, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        var parts = new List<Task<int>>();
        for (int start = 0; start < buffer.Length; start += Limits.SftpDataBytes)
        {
            Memory<byte> part = buffer.Slice(start, Math.Min(Limits.SftpDataBytes, buffer.Length - start));
            parts.Add(ReadPartAsync(handle, offset + start, part, cancel));
        }

        int[] counts = await Task.WhenAll(parts);
        int total = 0;
        foreach (int count in counts)
        {
            total += count;
            if (count < Limits.SftpDataBytes) break;
        }

        return total;
    }

    /// <summary>Writes all of the buffer at an offset with many requests at once.</summary>
    public async Task WriteAsync(byte[] handle, long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        // As many as are in flight are built at a time: a request holds a copy of its part.
        var parts = new Queue<Task>();
        for (int start = 0; start < buffer.Length; start += Limits.SftpDataBytes)
        {
            if (parts.Count == Limits.SftpRequestsInFlight) await parts.Dequeue();
            parts.Enqueue(WritePartAsync(handle, offset + start, buffer.Slice(start, Math.Min(Limits.SftpDataBytes, buffer.Length - start)), cancel));
        }

        await Task.WhenAll(parts);
    }

    /// <summary>Puts a file's content on the server's disk, where the server can be told to.</summary>
    public async Task SyncAsync(byte[] handle, CancellationToken cancel)
    {
        if (!channel.Extensions.Contains(FileSync)) return;
        (await channel.CallAsync(new SftpRequest(SftpPacketKind.Extended).Add(FileSync).Add(handle), cancel)).ExpectOk();
    }

    /// <summary>Renames. Replaces what is there when the server <see cref="CanReplace"/>, fails otherwise.</summary>
    public async Task RenameAsync(string from, string to, CancellationToken cancel)
    {
        SftpRequest request = CanReplace ? new SftpRequest(SftpPacketKind.Extended).Add(PosixRename) : new SftpRequest(SftpPacketKind.Rename);
        (await channel.CallAsync(request.Add(from).Add(to), cancel)).ExpectOk();
    }

    public async Task RemoveAsync(string path, CancellationToken cancel) =>
        (await channel.CallAsync(new SftpRequest(SftpPacketKind.Remove).Add(path), cancel)).ExpectOk();

    public async Task MakeDirectoryAsync(string path, CancellationToken cancel) =>
        (await channel.CallAsync(new SftpRequest(SftpPacketKind.MakeDirectory).Add(path).Add(HasMode).Add(OwnerDirectory), cancel)).ExpectOk();

    public async Task<SftpAttributes> StatAsync(string path, CancellationToken cancel) =>
        (await channel.CallAsync(new SftpRequest(SftpPacketKind.Stat).Add(path), cancel)).Expect(SftpPacketKind.Attributes).ReadAttributes();

    public async Task<byte[]> OpenDirectoryAsync(string path, CancellationToken cancel) =>
        ReadHandle(await channel.CallAsync(new SftpRequest(SftpPacketKind.OpenDirectory).Add(path), cancel));

    /// <summary>The next entries of a directory; null at its end.</summary>
    public async Task<IReadOnlyList<(string Name, SftpAttributes Attributes)>?> ReadDirectoryAsync(byte[] handle, CancellationToken cancel)
    {
        SftpReply reply = await channel.CallAsync(new SftpRequest(SftpPacketKind.ReadDirectory).Add(handle), cancel);
        if (reply.Kind == SftpPacketKind.Status && reply.ReadStatus() == SftpStatus.EndOfFile) return null;
        SftpReader reader = reply.Expect(SftpPacketKind.Names);
        uint count = reader.ReadUInt32();
        if (count == 0) throw new SftpException(SftpStatus.BadMessage, "the server answered with no entries of a directory and did not say that it ends");
        var entries = new List<(string, SftpAttributes)>();
        for (uint index = 0; index < count; index++)
        {
            string name = reader.ReadString();
            reader.ReadBytes(); // the line that ls -l would print
            entries.Add((name, reader.ReadAttributes()));
        }

        return entries;
    }

    /// <summary>Total and available bytes of the file system that holds a path; null when the server does not say.</summary>
    public async Task<(long Total, long Available)?> GetSpaceAsync(string path, CancellationToken cancel)
    {
        if (!channel.Extensions.Contains(FileSystemStatus)) return null;
        SftpReader reader = (await channel.CallAsync(new SftpRequest(SftpPacketKind.Extended).Add(FileSystemStatus).Add(path), cancel)).Expect(SftpPacketKind.ExtendedReply);
        reader.ReadUInt64(); // f_bsize
        ulong unit = reader.ReadUInt64(); // f_frsize, in which the counts are
        ulong blocks = reader.ReadUInt64();
        reader.ReadUInt64(); // f_bfree
        ulong available = reader.ReadUInt64();
        return (Product(blocks, unit), Product(available, unit));
    }

    private static long Product(ulong count, ulong unit) => (long)UInt128.Min((UInt128)count * unit, long.MaxValue);

    private async Task<int> ReadPartAsync(byte[] handle, long offset, Memory<byte> part, CancellationToken cancel)
    {
        int done = 0;
        while (done < part.Length)
        {
            SftpRequest request = new SftpRequest(SftpPacketKind.Read).Add(handle).Add((ulong)(offset + done)).Add((uint)(part.Length - done));
            SftpReply reply = await channel.CallAsync(request, cancel);
            if (reply.Kind == SftpPacketKind.Status && reply.ReadStatus() == SftpStatus.EndOfFile) break;
            SftpReader reader = reply.Expect(SftpPacketKind.Data);
            ReadOnlySpan<byte> data = reader.ReadBytes();
            if (data.IsEmpty || data.Length > part.Length - done) throw new SftpException(SftpStatus.BadMessage, $"the server answered a read of {part.Length - done} bytes with {data.Length}");
            data.CopyTo(part.Span[done..]);
            done += data.Length;
        }

        return done;
    }

    private async Task WritePartAsync(byte[] handle, long offset, ReadOnlyMemory<byte> part, CancellationToken cancel) =>
        (await channel.CallAsync(new SftpRequest(SftpPacketKind.Write).Add(handle).Add((ulong)offset).Add(part.Span), cancel)).ExpectOk();

    private static byte[] ReadHandle(SftpReply reply) => reply.Expect(SftpPacketKind.Handle).ReadBytes().ToArray();
}
