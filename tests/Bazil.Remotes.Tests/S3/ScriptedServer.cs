using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bazil.Remotes.Tests.S3;

/// <summary>Answers HTTP requests on loopback as no real server would that tests can start; with nothing it stays silent. Bodies are not awaited.</summary>
internal sealed class ScriptedServer : LoopbackServer
{
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously), _answered = new(TaskCreationOptions.RunContinuationsAsynchronously), _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<string, string> _answer;

    public ScriptedServer(string answer)
        : this(_ => answer)
    {
    }

    /// <param name="answer">Given what came since the last answer: the header of a request, perhaps after the body of the one before.</param>
    public ScriptedServer(Func<string, string> answer)
    {
        _answer = answer;
        Start();
    }

    /// <summary>Completes with the first request.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Completes when the first answer was sent.</summary>
    public Task Answered => _answered.Task;

    /// <summary>Completes when the other side has closed a connection.</summary>
    public Task Closed => _closed.Task;

    protected override async Task ServeAsync(Socket socket)
    {
        using var owned = socket;
        byte[] buffer = new byte[1 << 16];
        int length = 0;
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(buffer.AsMemory(length), Ending)) > 0)
            {
                length += read;
                string request = Encoding.ASCII.GetString(buffer, 0, length);
                if (!request.Contains("\r\n\r\n", StringComparison.Ordinal)) continue;
                length = 0;
                _asked.TrySetResult();
                await socket.SendAsync(Encoding.UTF8.GetBytes(_answer(request)), Ending);
                _answered.TrySetResult();
            }

            _closed.TrySetResult();
        }
        catch (SocketException)
        {
            _closed.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
