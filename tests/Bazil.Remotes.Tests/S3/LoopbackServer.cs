using System.Net;
using System.Net.Sockets;

namespace Bazil.Remotes.Tests.S3;

/// <summary>Accepts connections on loopback until it is disposed, and then waits for those that are being served: they are told to end.</summary>
internal abstract class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private Task _serving = Task.CompletedTask;

    public string Endpoint => $"http://{_listener.LocalEndpoint}";

    /// <summary>Cancelled when the test is over.</summary>
    protected CancellationToken Ending => _ending.Token;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _serving;
        _ending.Dispose();
    }

    /// <summary>Once, when all that serving needs is there.</summary>
    protected void Start()
    {
        _listener.Start();
        _serving = AcceptAsync();
    }

    /// <summary>Serves one connection, which belongs to it.</summary>
    protected abstract Task ServeAsync(Socket socket);

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_ending.Token)));
        }
        catch (Exception) when (_ending.IsCancellationRequested)
        {
            // A listener that is closed just when it is about to wait fails as it pleases: cancelled, aborted, disposed or not listening.
            await Task.WhenAll(connections);
        }
    }
}
