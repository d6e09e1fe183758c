using System.Security.Cryptography;
using System.Text.Json;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Server.Control;

/// <summary>The methods that a control server answers. Filled once at start, then only read.</summary>
internal sealed class ControlDispatcher
{
    private readonly Dictionary<string, Handler> _handlers = new(StringComparer.Ordinal);

    private delegate Task<byte[]> Handler(ReadOnlyMemory<byte> body, CancellationToken cancel);

    /// <summary>What is done to each error message before a person gets it. May be called concurrently.</summary>
    public Func<string, string> Phrase { get; init; } = static text => text;

    /// <summary>Registers what answers a method. The function may be called concurrently.</summary>
    public void Add<TRequest, TReply>(ControlMethod<TRequest, TReply> method, Func<TRequest, CancellationToken, Task<TReply>> answer) =>
        _handlers.Add(method.Path, async (body, cancel) =>
        {
            TRequest request;
            try
            {
                request = ControlJson.Read<TRequest>(body.Span);
            }
            catch (JsonException e)
            {
                throw new CommandFailedException(ErrorKind.Invalid, $"malformed {method.Path} request: {e.Message}", inner: e);
            }

            TReply reply = await answer(request, cancel);
            byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Of<TReply>());
            if (reply is SharingExportReply { Secret: var secret }) CryptographicOperations.ZeroMemory(secret);
            return bytes;
        });

    /// <summary>Answers one request.</summary>
    /// <param name="path">The path of the request, such as <c>/v1/volume/create</c>.</param>
    /// <exception cref="CommandFailedException">Unknown version or method, malformed body, or the command itself failed.</exception>
    public Task<byte[]> AnswerAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        string prefix = $"/v{ControlMethods.Version}/";
        if (!path.StartsWith(prefix, StringComparison.Ordinal))
        {
            throw new CommandFailedException(
                ErrorKind.TooNew,
                $"the server speaks version {ControlMethods.Version} of the control protocol, not the one of {path}",
                "restart the server and use the same version of bazil for both");
        }

        return _handlers.TryGetValue(path[prefix.Length..], out Handler? handler)
            ? handler(body, cancel)
            : throw new CommandFailedException(
                ErrorKind.NotFound, $"the server does not know the method {path[prefix.Length..]}", "restart the server with the version of bazil that you use");
    }
}
