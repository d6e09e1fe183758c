using System.Net.Sockets;
using Bazil.Testing;

namespace Bazil.Unix.Tests;

public class PeerCredentialsTests
{
    [Fact]
    public async Task Unix_socket_tells_who_connected()
    {
        using var directory = new TempDirectory();
        var address = new UnixDomainSocketEndPoint(directory["socket"]);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(address, TestContext.Current.CancellationToken);
        using Socket server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            new PeerCredentials(Environment.ProcessId, UnixUser.EffectiveUserId, UnixUser.EffectiveGroupId),
            PeerCredentials.Of(server));
    }
}
