using Bazil.Fuse;

namespace Bazil.FileSystem.Tests.Conflicts;

/// <summary>So many zeros, and then whoever reads on is told to give up.</summary>
internal sealed class CutOffStream(int sizeBytes, CancellationTokenSource giveUp) : MemoryStream(new byte[sizeBytes])
{
    /// <summary>What happens meanwhile.</summary>
    public Task<FuseHandle>? Wait { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Wait is { } wait) await wait;
        if (Position == Length) await giveUp.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return await base.ReadAsync(buffer, cancellationToken);
    }
}
