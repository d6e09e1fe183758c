using System.Buffers;

namespace Bazil.Remotes.Packs;

/// <summary>Bytes of a pack that were read, or are being read, beside an object that was asked for. Guarded by <see cref="PackPieces"/>.</summary>
internal sealed class PackPiece(PackId pack, int offset, int sizeBytes)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Offset => offset;

    /// <summary>Less than was asked for where the file ends.</summary>
    public int SizeBytes { get; private set; } = sizeBytes;

    /// <summary>Completes when the read has ended, however.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What has come, <see cref="SizeBytes"/> of it; null before, and when it is not kept.</summary>
    public IMemoryOwner<byte>? Bytes { get; private set; }

    /// <summary>When it came, by the clock of <see cref="PackPieces"/>.</summary>
    public long CameAt { get; private set; }

    /// <summary>Whoever read did not want it any more: others who do may read it together. For who waited for <see cref="Ended"/>.</summary>
    public bool IsGivenUp { get; private set; }

    public bool Covers(in PackLocation location) => location.Pack == pack && location.Offset >= offset && location.Offset + (long)location.Length <= offset + (long)SizeBytes;

    public void End(IMemoryOwner<byte>? bytes, int sizeBytes, long cameAt)
    {
        (Bytes, SizeBytes, CameAt) = (bytes, sizeBytes, cameAt);
        _ended.SetResult();
    }

    public void GiveUp()
    {
        IsGivenUp = true;
        _ended.SetResult();
    }
}
