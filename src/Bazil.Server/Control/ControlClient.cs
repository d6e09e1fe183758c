using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Server.Control;

/// <summary>The client's end of the control protocol. Safe for concurrent use. No call has a time limit of its own: cancel it.</summary>
public sealed class ControlClient : IDisposable
{
    private readonly string _socketPath;
    private readonly HttpClient _http;

    /// <param name="socketPath">The <c>control</c> socket of a data directory. Nothing is opened before the first call.</param>
    public ControlClient(string socketPath)
    {
        _socketPath = socketPath;
        var handler = new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false, UseCookies = false };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://control"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <exception cref="CommandFailedException">The server does not run, refused, or stopped in the middle.</exception>
    public async Task<TReply> CallAsync<TRequest, TReply>(ControlMethod<TRequest, TReply> method, TRequest request, CancellationToken cancel)
    {
        byte[] message = [];
        try
        {
            message = JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Of<TRequest>());
            using var content = new ByteArrayContent(message);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage response = await _http.PostAsync(
                new Uri($"/v{ControlMethods.Version}/{method.Path}", UriKind.Relative), content, cancel);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancel);
            try
            {
                return response.StatusCode == HttpStatusCode.OK ? ControlJson.Read<TReply>(body) : throw ReadError(body);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(body); // it may have held a sharing key
            }
        }
        catch (HttpRequestException e) when (e.InnerException is CommandFailedException inner)
        {
            throw new CommandFailedException(inner.Kind, inner.Message, inner.NextStep, e);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException)
        {
            throw new CommandFailedException(
                ErrorKind.Unreachable, $"the server at {_socketPath} stopped answering: {e.Message}", "see the server's messages; start it again with: bazil server run", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message); // it may have held a sharing key
        }
    }

    public void Dispose() => _http.Dispose();

    private static CommandFailedException ReadError(byte[] body)
    {
        ErrorReply error = ControlJson.Read<ErrorReply>(body);
        return new CommandFailedException(Enum.TryParse(error.Kind, out ErrorKind kind) ? kind : ErrorKind.Failed, error.Message, error.NextStep);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            string directory = Path.GetDirectoryName(_socketPath)!;
            if (!Directory.Exists(directory))
            {
                throw new CommandFailedException(ErrorKind.NotFound, $"there is no data directory {directory}", $"make one with: bazil create -data-dir={directory}", e);
            }

            throw e.SocketErrorCode == SocketError.AccessDenied
                ? new CommandFailedException(ErrorKind.Denied, $"the server of {directory} belongs to another user", inner: e)
                : new CommandFailedException(
                    ErrorKind.Unreachable, $"no server is running for {directory}", $"start it with: bazil server run -data-dir={directory}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
