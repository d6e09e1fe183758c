using Bazil.Core;

namespace Bazil.FileSystem.Live;

/// <summary>The content of a file as reads of programs see it. Safe for concurrent use.</summary>
internal interface IReadableContent
{
    InodeId Inode { get; }

    /// <summary>Reads; short only at the end of the content. May be called again after a failure.</summary>
    ValueTask<int> ReadAsync(ulong offset, Memory<byte> buffer, CancellationToken cancel);
}
