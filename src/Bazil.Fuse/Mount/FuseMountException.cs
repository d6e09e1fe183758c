namespace Bazil.Fuse;

/// <summary>A mount did not come about, or does not go away. The message names the mountpoint and the reason.</summary>
public sealed class FuseMountException(FuseMountFailure failure, string mountpoint, string reason, Exception? inner = null)
    : IOException($"{mountpoint}: {reason}", inner)
{
    public FuseMountFailure Failure { get; } = failure;

    public string Mountpoint { get; } = mountpoint;
}
