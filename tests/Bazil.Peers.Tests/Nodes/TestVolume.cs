using System.Runtime.CompilerServices;
using Bazil.Core;

namespace Bazil.Peers.Tests.Nodes;

/// <summary>A volume whose exchange is what a test says it is.</summary>
internal sealed class TestVolume(VolumeId id, ISharingKeyProver key) : IPeerVolume
{
    public VolumeId Id { get; } = id;

    public ISharingKeyProver Key { get; set; } = key;

    /// <summary>Sends the request back unless a test sets another.</summary>
    public Func<ReadOnlyMemory<byte>, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> Answer { get; set; } = Echo;

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancel) =>
        Answer(request, cancel);

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Echo(
        ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (int offset = 0; offset < request.Length; offset += Limits.FrameBytes)
        {
            cancel.ThrowIfCancellationRequested();
            await Task.Yield();
            yield return request.Slice(offset, Math.Min(Limits.FrameBytes, request.Length - offset));
        }
    }
}
