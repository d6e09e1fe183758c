namespace Bazil.Remotes.Sftp;

/// <summary>Result codes of SFTP version 3 (draft-ietf-secsh-filexfer-02, section 7).</summary>
internal enum SftpStatus : uint
{
    Ok = 0,
    EndOfFile = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    NoConnection = 6,
    ConnectionLost = 7,
    Unsupported = 8,
}
