using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Bazil.Core;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>A connection between two machines, each of which does its part in its own steps. It breaks when either dies.</summary>
internal sealed class NetworkLink(Network network, Machine puller, Machine server) : IVolumeLink
{
    public PeerId Peer => server.Replica.Id;

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        byte[] copy = request.ToArray();
        await network.TravelAsync(puller, server);
        if (network.IsDuplicated()) _ = Serve(copy, Channel.CreateUnbounded<byte[]>());
        Channel<byte[]> frames = Channel.CreateUnbounded<byte[]>();
        IDisposable connection = Serve(copy, frames);
        using (connection)
        {
            while (await frames.Reader.WaitToReadAsync(CancellationToken.None))
            {
                while (frames.Reader.TryRead(out byte[]? frame)) yield return frame;
            }
        }
    }

    private Connection Serve(byte[] request, Channel<byte[]> frames)
    {
        var connection = new Connection(server, frames);
        server.Spawn(() => ServeAsync(request, frames));
        return connection;
    }

    private async Task ServeAsync(byte[] request, Channel<byte[]> frames)
    {
        try
        {
            await foreach (ReadOnlyMemory<byte> frame in server.Replica.Volume.ServeAsync(puller.Replica.Id, request, CancellationToken.None))
            {
                byte[] copy = frame.ToArray();
                await network.TravelAsync(server, puller);
                if (!frames.Writer.TryWrite(copy)) return;
            }

            frames.Writer.TryComplete();
        }
        catch (IOException e)
        {
            frames.Writer.TryComplete(e);
        }
    }

    /// <summary>Tells the puller when the server dies, and the server when the puller goes away.</summary>
    private sealed class Connection : IDisposable
    {
        private readonly Machine _server;
        private readonly Channel<byte[]> _frames;

        public Connection(Machine server, Channel<byte[]> frames)
        {
            (_server, _frames) = (server, frames);
            server.Died += Break;
        }

        public void Dispose()
        {
            _server.Died -= Break;
            _frames.Writer.TryComplete();
        }

        private void Break() => _frames.Writer.TryComplete(new IOException($"{_server.Name} has gone"));
    }
}
