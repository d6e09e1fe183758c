namespace Bazil.Remotes.Sftp;

/// <summary>A packet that answers a request: its type and what follows the id.</summary>
internal readonly record struct SftpReply(SftpPacketKind Kind, ReadOnlyMemory<byte> Fields)
{
    /// <summary>Checks that the answer is of the wanted kind.</summary>
    /// <exception cref="SftpException">It is a refusal, or something that does not answer the request.</exception>
    public SftpReader Expect(SftpPacketKind kind)
    {
        var reader = new SftpReader(Fields.Span);
        if (Kind == kind) return reader;
        if (Kind != SftpPacketKind.Status) throw new SftpException(SftpStatus.BadMessage, $"the server answered with packet type {(byte)Kind} instead of {(byte)kind}");
        throw ReadFailure();
    }

    /// <summary>Checks that the request was carried out.</summary>
    /// <exception cref="SftpException">It was not.</exception>
    public void ExpectOk()
    {
        if (ReadStatus() != SftpStatus.Ok) throw ReadFailure();
    }

    /// <summary>The result code of a status packet.</summary>
    public SftpStatus ReadStatus()
    {
        if (Kind != SftpPacketKind.Status) throw new SftpException(SftpStatus.BadMessage, $"the server answered with packet type {(byte)Kind} instead of a status");
        return (SftpStatus)new SftpReader(Fields.Span).ReadUInt32();
    }

    private SftpException ReadFailure()
    {
        var reader = new SftpReader(Fields.Span);
        var status = (SftpStatus)reader.ReadUInt32();
        string words = reader.IsAtEnd ? "" : ServerWords.Printable(reader.ReadString());
        return new SftpException(status, words.Length > 0 ? words : status.ToString());
    }
}
