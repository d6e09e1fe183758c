namespace Bazil.Server.Errors;

/// <summary>Why a command could not be done. Travels over the control socket by name; numbers are never reused.</summary>
public enum ErrorKind
{
    /// <summary>Anything else in the environment: disk, kernel, network.</summary>
    Failed = 0,

    /// <summary>The request itself makes no sense: a bad name, a key of the wrong length.</summary>
    Invalid = 1,

    NotFound = 2,

    AlreadyExists = 3,

    /// <summary>In use or in the wrong state: mounted already, not mounted, another server runs.</summary>
    Busy = 4,

    /// <summary>A key or permission is missing.</summary>
    Denied = 5,

    /// <summary>A peer or the server could not be reached, or stopped answering.</summary>
    Unreachable = 6,

    /// <summary>Data on disk or from a peer is damaged.</summary>
    Damaged = 7,

    /// <summary>Written by a newer version of Bazil.</summary>
    TooNew = 8,
}
