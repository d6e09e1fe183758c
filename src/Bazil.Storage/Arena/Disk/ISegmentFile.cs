namespace Bazil.Storage.Arena.Disk;

/// <summary>
/// A segment as the disk sees it. Reads may run beside everything else, writes to different places beside each other.
/// Failures are <see cref="Unix.UnixException"/>s; after dispose everything throws <see cref="ObjectDisposedException"/>.
/// </summary>
internal interface ISegmentFile : IDisposable
{
    /// <summary>For messages.</summary>
    string Path { get; }

    long Length { get; }

    /// <summary>Fills the buffer as far as the file goes, and returns how far that was.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes the pieces one after the other. After a failure any of the bytes may have been written.</summary>
    void Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, long offset);

    /// <summary>On return the content survives power loss. Never retried after a failure.</summary>
    void Sync();

    /// <summary>Gives the range back; it reads as zeros, or as before where the disk cannot do that.</summary>
    void Punch(long offset, long length);

    void Truncate(long length);

    /// <summary>Makes sure that the range can be written without meeting a full disk, as far as the disk can promise that.</summary>
    void Reserve(long offset, long length);
}
