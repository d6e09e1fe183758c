using Microsoft.Extensions.Hosting;

namespace Bazil.Peers.Serving;

/// <summary>Keeps the host from handling signals: the daemon does that.</summary>
internal sealed class NoHostLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
