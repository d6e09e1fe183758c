namespace Bazil.Fuse;

/// <summary>How much a log line matters.</summary>
public enum FuseLogLevel
{
    Debug,
    Information,
    Warning,
    Error,
}
