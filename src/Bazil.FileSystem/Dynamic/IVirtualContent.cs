namespace Bazil.FileSystem.Dynamic;

/// <summary>Content of an open virtual file. Safe for concurrent reads.</summary>
internal interface IVirtualContent : IAsyncDisposable
{
    /// <summary>Reads; short only at the end.</summary>
    ValueTask<int> ReadAsync(ulong offset, Memory<byte> buffer, CancellationToken cancel);
}
