using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Bazil.Peers.Serving;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Unix;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Control;

/// <summary>
/// The server's end of the control protocol: HTTP/1.1 on a Unix socket that only its owner may open. The mode of the socket and
/// of the directory keep others out, and the kernel's word on who connected is checked besides.
/// </summary>
internal sealed partial class ControlServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly string _socketPath;

    private ControlServer(WebApplication application, string socketPath)
    {
        _application = application;
        _socketPath = socketPath;
    }

    /// <summary>Starts to answer on a socket. A socket left there by a dead server is replaced, so the caller must hold the directory's lock.</summary>
    /// <exception cref="CommandFailedException">The socket cannot be made.</exception>
    public static async Task<ControlServer> StartAsync(string socketPath, ControlDispatcher dispatcher, ILoggerFactory logs, CancellationToken cancel)
    {
        ILogger log = logs.CreateLogger<ControlServer>();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logs);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = Limits.ControlMessageBytesMax;
            QuietHeartbeat.Disarm(options.Limits); // only the owner connects, and a program that ends is disconnected by the kernel
            options.ListenUnixSocket(socketPath, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => OwnerOnlyAsync(connection, next, log));
            });
        });
        WebApplication application = builder.Build();
        QuietHeartbeat.TrySlow(application.Services.GetRequiredService<IServer>());
        application.Run(context => AnswerAsync(context, dispatcher, log));
        try
        {
            File.Delete(socketPath);
            await application.StartAsync(cancel);
            File.SetUnixFileMode(socketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            await application.DisposeAsync();
            throw new CommandFailedException(ErrorKind.Failed, $"cannot listen on the control socket {socketPath}: {e.Message}", inner: e);
        }

        return new ControlServer(application, socketPath);
    }

    /// <summary>Answers what is in flight for a short while, refuses what comes after, and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var grace = new CancellationTokenSource(Limits.ShutdownGrace))
        {
            await _application.StopAsync(grace.Token);
        }

        await _application.DisposeAsync();
        File.Delete(_socketPath);
    }

    private static Task OwnerOnlyAsync(ConnectionContext connection, ConnectionDelegate next, ILogger log)
    {
        Socket socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;

        uint user = PeerCredentials.Of(socket).UserId;
        if (user == 0 || user == UnixUser.EffectiveUserId) return next(connection);
        LogStranger(log, user);
        return Task.CompletedTask;
    }

    private static async Task AnswerAsync(HttpContext context, ControlDispatcher dispatcher, ILogger log)
    {
        byte[] body = [], reply;
        try
        {
            body = await ReadBodyAsync(context.Request, context.RequestAborted);
            reply = await dispatcher.AnswerAsync(context.Request.Path.Value ?? "/", body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller hung up: there is nobody to tell.
            return;
        }
        catch (Exception e)
        {
            CommandFailedException failure = Failures.Describe(e);
            if (e is not CommandFailedException) LogFailure(log, context.Request.Path.Value ?? "/", e);
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            reply = JsonSerializer.SerializeToUtf8Bytes(
                new ErrorReply(failure.Kind.ToString(), dispatcher.Phrase(failure.Message), failure.NextStep is { } next ? dispatcher.Phrase(next) : null), ControlJson.Of<ErrorReply>());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(body); // it may have held a sharing key
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = reply.Length;
        try
        {
            await context.Response.Body.WriteAsync(reply, context.RequestAborted);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(reply); // it may have held a sharing key
        }
    }

    private static async Task<byte[]> ReadBodyAsync(HttpRequest request, CancellationToken cancel)
    {
        // Of the length that the client says, so that nothing is left behind by growing.
        using var body = new MemoryStream((int)Math.Min(request.ContentLength ?? 0, Limits.ControlMessageBytesMax));
        try
        {
            await request.Body.CopyToAsync(body, cancel);
            return body.ToArray();
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"malformed control request: {e.Message}", inner: e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(body.GetBuffer());
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "control socket: refused user {User}")]
    private static partial void LogStranger(ILogger log, uint user);

    [LoggerMessage(Level = LogLevel.Error, Message = "control: {Path} failed")]
    private static partial void LogFailure(ILogger log, string path, Exception e);

    /// <summary>The daemon decides when to stop, not this host.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
