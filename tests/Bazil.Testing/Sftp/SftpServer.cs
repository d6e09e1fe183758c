using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Bazil.Testing.Sftp;

/// <summary>An <c>sshd</c> of its own on loopback, with its own keys and configuration, that offers nothing but sftp. Ended and removed by dispose.</summary>
public sealed class SftpServer : IDisposable
{
    private const string SshDaemon = "/usr/sbin/sshd";

    private readonly TempDirectory _directory = new("sftp");
    private readonly int _port = FreePort();
    private Process? _process;

    public SftpServer()
    {
        Directory.CreateDirectory("/run/sshd"); // sshd does not start without
        MakeKey("host");
        MakeKey("user");
        File.Copy(At("user.pub"), At("authorized"));
        WriteKnownHosts("host");
        File.WriteAllText(At("sshd_config"), $"""
            Port {_port}
            ListenAddress 127.0.0.1
            HostKey {At("host")}
            AuthorizedKeysFile {At("authorized")}
            PidFile none
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            MaxSessions 50
            Subsystem sftp internal-sftp
            """);
        Start();
    }

    /// <summary>Where the server keeps what is written to <c>folder</c>.</summary>
    public string Folder => At("folder");

    /// <summary>The address of <see cref="Folder"/>.</summary>
    public string Address => AddressOf(Folder);

    /// <summary>The address of a directory there.</summary>
    public string AddressOf(string path) => $"sftp://{Environment.UserName}@127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}{path}";

    /// <summary>Everything that a person has in <c>~/.ssh</c>, here in a directory of its own: the path of an <c>ssh_config</c>.</summary>
    public string WriteClientConfig(string key = "user")
    {
        File.WriteAllText(At("ssh_config"), $"""
            IdentityFile {At(key)}
            IdentitiesOnly yes
            UserKnownHostsFile {At("known_hosts")}
            GlobalKnownHostsFile /dev/null
            StrictHostKeyChecking yes
            """);
        return At("ssh_config");
    }

    public string At(string name) => Path.Combine(_directory.Path, name);

    public void MakeKey(string name) => Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", At(name));

    /// <summary>Makes the client expect this host key.</summary>
    public void WriteKnownHosts(string key) =>
        File.WriteAllText(At("known_hosts"), $"[127.0.0.1]:{_port.ToString(CultureInfo.InvariantCulture)} {File.ReadAllText(At(key + ".pub"))}");

    public void Start()
    {
        var start = new ProcessStartInfo(SshDaemon) { RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])["-D", "-e", "-f", At("sshd_config")]) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        while (_process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains("Server listening", StringComparison.Ordinal)) return;
        }

        throw new InvalidOperationException("sshd does not start");
    }

    /// <summary>Ends the server and all of its sessions, as when the machine goes away.</summary>
    public void Stop()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
    }

    /// <summary>The server and its sessions stand still, connected, as when the machine hangs.</summary>
    public void Pause() => Signal("-STOP");

    /// <summary>They go on.</summary>
    public void Resume() => Signal("-CONT");

    public void Dispose()
    {
        Stop();
        _directory.Dispose();
    }

    private void Signal(string signal)
    {
        var tree = new Queue<int>([_process!.Id]);
        while (tree.TryDequeue(out int process))
        {
            Run("kill", signal, process.ToString(CultureInfo.InvariantCulture));
            foreach (string child in File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)) tree.Enqueue(int.Parse(child, CultureInfo.InvariantCulture));
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} failed");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
