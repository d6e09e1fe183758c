using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Bazil.Remotes.S3;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.S3;

public sealed class S3ConnectionTests
{
    private static readonly CancellationToken _none = CancellationToken.None;

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")]
    public async Task Encrypted_connection_on_which_nothing_moves_any_more_is_given_up(string answer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=store", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answered = new TaskCompletionSource();
        Task serving = ServeAsync(listener, certificate, answer, answered);
        var time = new ManualTime();
        using SocketsHttpHandler handler = S3Connection.CreateHandler(time);
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString();
        using var client = new HttpClient(handler);
        Task<byte[]> call = client.GetByteArrayAsync(new Uri($"https://{listener.LocalEndpoint}/"), _none);
        await answered.Task;
        while (!call.IsCompleted)
        {
            time.Advance(Limits.S3SilenceMax);
            await Task.Yield();
        }

        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => call);
        Assert.Contains("the server has sent nothing for 30 seconds", failure.ToString(), StringComparison.Ordinal);
        await serving;
    }

    /// <summary>Answers the first request and waits until the connection ends.</summary>
    private static async Task ServeAsync(TcpListener listener, X509Certificate2 certificate, string answer, TaskCompletionSource answered)
    {
        try
        {
            using TcpClient connection = await listener.AcceptTcpClientAsync(_none);
            await using var stream = new SslStream(connection.GetStream());
            await stream.AuthenticateAsServerAsync(certificate);
            byte[] buffer = new byte[4096];
            _ = await stream.ReadAtLeastAsync(buffer, 1, cancellationToken: _none);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), _none);
            answered.SetResult();
            while (await stream.ReadAsync(buffer, _none) > 0)
            {
            }
        }
        catch (IOException)
        {
            // The other side has closed it.
            answered.TrySetResult();
        }
    }
}
