using Bazil.Remotes.Sftp;
using Bazil.Testing.Sftp;

namespace Bazil.Remotes.Tests.Sftp;

internal static class SftpServerExtensions
{
    /// <summary>A folder on the server as a person with this key sees it.</summary>
    public static SftpFolder OpenFolder(this SftpServer server, string key = "user", string? path = null, TimeProvider? time = null)
    {
        Assert.True(SftpAddress.TryParse(path is null ? server.Address : server.AddressOf(path), out SftpAddress? address));
        return new SftpFolder(address, new SshOptions("ssh", ["-F", server.WriteClientConfig(key)]), time ?? TimeProvider.System);
    }
}
