namespace Bazil.Remotes.Sftp;

/// <summary>The server refused a request, or what it sent is not SFTP. The message has the server's own words.</summary>
internal sealed class SftpException(SftpStatus status, string message) : IOException(message)
{
    public SftpStatus Status { get; } = status;
}
