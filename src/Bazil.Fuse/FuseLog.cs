namespace Bazil.Fuse;

/// <summary>Where the library reports; called from any thread, must not block or throw.</summary>
public delegate void FuseLog(FuseLogLevel level, string message, Exception? exception);
