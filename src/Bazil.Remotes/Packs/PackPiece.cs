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

    /// <summary>What has come, <see cref="SizeBytes"/> of it; null before.</summary>
    public IMemoryOwner<byte>? Bytes { get; private set; }

    public bool Covers(in PackLocation location) => location.Pack == pack && location.Offset >= offset && location.Offset + (long)location.Length <= offset + (long)SizeBytes;

    public void End(IMemoryOwner<byte>? bytes, int sizeBytes)
    {
        (Bytes, SizeBytes) = (bytes, sizeBytes);
        _ended.SetResult();
    }
}
