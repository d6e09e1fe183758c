using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>One machine of a test: a data directory, a working directory, the real program, and its server as a process of its own.</summary>
internal sealed partial class Node : IAsyncDisposable
{
    /// <summary>The program that is tested.</summary>
    public static readonly string ProgramPath =
        Environment.GetEnvironmentVariable("BAZIL_BIN") is { Length: > 0 } given ? given : Path.Combine(AppContext.BaseDirectory, "bazil");

    private readonly string? _networkNamespace;
    private readonly ConcurrentQueue<string> _messages = new();
    private Process? _server;

    public Node(string root, string name, string? networkNamespace = null)
    {
        Name = name;
        Directory = Path.Combine(root, name);
        DataDirectory = Path.Combine(root, name + ".data");
        _networkNamespace = networkNamespace;
        System.IO.Directory.CreateDirectory(Directory);
    }

    public string Name { get; }

    /// <summary>Whether its server synchronises by itself. Tests of single steps would not know what has happened already.</summary>
    public bool IsAutomatic { get; init; }

    /// <summary>Where its commands run.</summary>
    public string Directory { get; }

    public string DataDirectory { get; init; }

    public string Mount => Path.Combine(Directory, "mnt");

    /// <summary>What its server wrote to standard error.</summary>
    public string Messages => string.Join('\n', _messages);

    /// <summary>Environment variables for its programs.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public int ServerPort { get; private set; }

    public int ServerProcessId => _server!.Id;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Runs a command line such as <c>volume create myfiles</c>; words are split at blanks.</summary>
    public Task<ChildProcess.Result> TryAsync(string commandLine, byte[]? input = null) => TryAsync(commandLine.Split(' '), input);

    public Task<ChildProcess.Result> TryAsync(string[] args, byte[]? input = null) => ChildProcess.RunAsync(Start(args), input, Cancel);

    /// <summary>The same, which must succeed; returns what it printed, without the last newline.</summary>
    public async Task<string> RunAsync(string commandLine, byte[]? input = null) => Succeeded(commandLine, await TryAsync(commandLine, input));

    /// <summary>The same in this process, for what a test only begins with: to start the program for each of many commands takes longer than the commands.</summary>
    public async Task<string> PrepareAsync(string commandLine, byte[]? input = null)
    {
        var watch = Stopwatch.StartNew();
        (int code, string output, string error) = await TestEnvironment.RunAsync([$"-data-dir={DataDirectory}", .. commandLine.Split(' ')], input, variables: Variables, workDirectory: Directory);
        return Succeeded(commandLine, new ChildProcess.Result(code, output, error, watch.Elapsed));
    }

    /// <summary>
    /// Runs the first command that calls a peer, which must succeed. A handshake has a few seconds, which servers that have just begun may need for themselves on a machine that does much else: it is tried again then.
    /// </summary>
    public async Task<string> CallAsync(string commandLine)
    {
        var watch = Stopwatch.StartNew();
        ChildProcess.Result result;
        do result = await TryAsync(commandLine);
        while (result.Code == 1 && result.Error.Contains("no answer within", StringComparison.Ordinal) && watch.Elapsed < ChildProcess.Limit);
        return Succeeded(commandLine, result);
    }

    /// <summary>Runs the command again until it prints this.</summary>
    public async Task UntilSaidAsync(string commandLine, string text)
    {
        var watch = Stopwatch.StartNew();
        for (string reply = ""; !reply.Contains(text, StringComparison.Ordinal);)
        {
            Assert.True(watch.Elapsed < ChildProcess.Limit, $"{commandLine} does not say {text}: {reply}\n{Messages}");
            reply = await RunAsync(commandLine);
        }
    }

    /// <summary>The same, which must fail with exit code 1, soon, with a message for people that contains all these texts.</summary>
    public async Task FailsAsync(string commandLine, params string[] texts) => await FailsAsync(commandLine.Split(' '), texts);

    public async Task FailsAsync(string[] args, params string[] texts)
    {
        ChildProcess.Result result = await TryAsync(args);
        string all = $"{Name}$ bazil {string.Join(' ', args)}\n{ChildProcess.Describe(result)}";
        Assert.True(result.Code == 1, all);
        Assert.All(result.Error.TrimEnd('\n').Split('\n'), line => Assert.StartsWith("bazil: ", line));
        Assert.DoesNotContain("   at ", result.Error);
        Assert.DoesNotContain("internal error", result.Error);
        Assert.All(texts, text => Assert.Contains(text, result.Error));
        Assert.True(result.Took < TimeSpan.FromSeconds(40), all);
    }

    /// <summary>Runs a shell command in its directory, which must succeed; returns what it printed, without the last newline.</summary>
    public async Task<string> ShellAsync(string command)
    {
        ChildProcess.Result result = await ChildProcess.ShellAsync(command, Directory, Cancel);
        Assert.True(result.Code == 0, $"{Name}$ {command}\n{ChildProcess.Describe(result)}\nserver:\n{Messages}");
        return result.Output.TrimEnd('\n');
    }

    /// <summary>Starts its server and waits until it listens.</summary>
    public async Task StartServerAsync(string flags = "-addr=:0")
    {
        ProcessStartInfo start = Start(["server", "run", .. IsAutomatic ? [] : new[] { "-no-sync" }, .. flags.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _server = new Process { StartInfo = start };
        _server.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                listening.TrySetException(new IOException($"the server of {Name} ended: {Messages}"));
                return;
            }

            _messages.Enqueue(line.Data);
            if (ListeningLine().Match(line.Data) is { Success: true } match) listening.TrySetResult(int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture));
        };
        _server.Start();
        _server.BeginErrorReadLine();
        ServerPort = await listening.Task.WaitAsync(ChildProcess.Limit, Cancel);
    }

    /// <summary>Asks the server to stop by SIGTERM and returns its exit code.</summary>
    public async Task<int> StopServerAsync()
    {
        Process server = Interlocked.Exchange(ref _server, null)!;
        await ChildProcess.SignalAsync(server.Id, "TERM", Cancel);
        return await EndAsync(server);
    }

    /// <summary>Kills the server with SIGKILL.</summary>
    public async Task KillServerAsync()
    {
        Process server = Interlocked.Exchange(ref _server, null)!;
        server.Kill();
        await EndAsync(server);
    }

    /// <summary>Whether the kernel has something mounted at the node's mount point.</summary>
    public bool IsMounted() => File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == Mount);

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            // A stopped process (SIGSTOP) dies of SIGKILL, too.
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
            server.Dispose();
        }

        if (IsMounted()) await ChildProcess.ShellAsync($"umount -l '{Mount}' || fusermount3 -uz '{Mount}'", "/", CancellationToken.None);
    }

    private string Succeeded(string commandLine, ChildProcess.Result result)
    {
        Assert.True(result.Code == 0, $"{Name}$ bazil {commandLine}\n{ChildProcess.Describe(result)}\nserver:\n{Messages}");
        return result.Output.TrimEnd('\n');
    }

    private static async Task<int> EndAsync(Process server)
    {
        await server.WaitForExitAsync(Cancel).WaitAsync(ChildProcess.Limit, Cancel);
        int code = server.ExitCode;
        server.Dispose();
        return code;
    }

    private ProcessStartInfo Start(string[] args)
    {
        var start = new ProcessStartInfo { WorkingDirectory = Directory };
        List<string> line = [ProgramPath, $"-data-dir={DataDirectory}", .. args];

        // nsenter and not "ip netns exec", which would hide the mounts in a mount namespace of its own.
        if (_networkNamespace is not null) line.InsertRange(0, ["nsenter", $"--net=/run/netns/{_networkNamespace}", "--"]);
        foreach ((string name, string value) in Variables) start.Environment[name] = value;
        start.FileName = line[0];
        foreach (string word in line.Skip(1)) start.ArgumentList.Add(word);
        return start;
    }

    [GeneratedRegex(@"^bazil: Listening on \[::\]:(\d+)$")]
    private static partial Regex ListeningLine();
}
