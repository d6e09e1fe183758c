using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>A link that counts what goes over it.</summary>
internal sealed class CountingLink(IVolumeLink inner) : IVolumeLink
{
    public PeerId Peer => inner.Peer;

    /// <summary>Bytes of requests and answers.</summary>
    public long Bytes { get; private set; }

    /// <summary>What was told of how far the pull is.</summary>
    public List<PullProgress> Reports { get; } = [];

    public void Report(PullProgress progress) => Reports.Add(progress);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        Bytes += request.Length;
        await foreach (ReadOnlyMemory<byte> frame in inner.RequestAsync(request, cancel))
        {
            Bytes += frame.Length;
            yield return frame;
        }
    }
}
