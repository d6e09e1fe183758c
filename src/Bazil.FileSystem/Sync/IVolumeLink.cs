namespace Bazil.FileSystem.Sync;

/// <summary>
/// The way to one other member of a volume. The daemon implements it over a peer's connection, a simulation in memory.
/// Requests and frames are opaque to it; who is at the other end was proven below.
/// </summary>
public interface IVolumeLink
{
    /// <summary>The member at the other end.</summary>
    Core.PeerId Peer { get; }

    /// <summary>
    /// Sends a request and streams the answer's frames in order. Frames are lent until the next one is asked for.
    /// May be called concurrently. Throws an <see cref="IOException"/> that names the peer when it is gone or silent.
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, CancellationToken cancel);

    /// <summary>Told how far a pull over this link is, after each part of it. Called by the puller, which waits for it.</summary>
    void Report(PullProgress progress)
    {
    }
}
