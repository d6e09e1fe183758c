using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>A link inside the process that breaks after a number of frames.</summary>
internal sealed class MemoryLink(Replica puller, Replica server, int frames) : IVolumeLink
{
    private int _left = frames;

    /// <summary>What was sent and received so far.</summary>
    public long Bytes { get; private set; }

    public PeerId Peer => server.Id;

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        // As the peers do it: metadata goes to who proves the key of the newest epoch.
        KeyFingerprint wanted = server.Keys.Newest.Key;
        if (!server.Keys.Holds(wanted)) throw new KeyNotProvedException($"{server.Name} lacks sharing key {wanted} itself");
        if (!puller.Keys.MayProve(wanted)) throw new KeyNotProvedException($"{puller.Name} cannot prove sharing key {wanted}");
        Bytes += request.Length;
        await foreach (ReadOnlyMemory<byte> frame in server.Volume.ServeAsync(puller.Id, request, cancel))
        {
            if (_left-- <= 0) throw new IOException("the connection was lost");
            Bytes += frame.Length;
            yield return frame;
        }
    }
}
