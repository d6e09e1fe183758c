using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Sftp;

/// <summary>
/// A running <c>ssh -s HOST sftp</c> with the SFTP session over its pipes. It uses the person's own configuration, keys, agent and known hosts, and never asks anything:
/// there is nobody to answer. Disposing it ends the program.
/// </summary>
internal sealed class SshSession : IAsyncDisposable
{
    private const int ConnectSeconds = 20;

    private readonly Process _process;
    private readonly SftpChannel _channel;
    private readonly Task _listening;

    private SshSession(Process process, SftpChannel channel, Task listening)
    {
        (_process, _channel, _listening) = (process, channel, listening);
        Client = new SftpClient(channel);
        Handles = new ReadHandles(Client);
    }

    public SftpClient Client { get; }

    /// <summary>What is to be read on it. Guarded by <see cref="SshSessions"/>.</summary>
    public long BytesToRead { get; set; }

    /// <summary>Files that are kept open for reading.</summary>
    public ReadHandles Handles { get; }

    /// <summary>Connects and greets the server.</summary>
    /// <exception cref="StoreException">It is not reachable, does not let us in, or is not who it was: the message says what to do.</exception>
    public static async Task<SshSession> OpenAsync(SftpAddress address, SshOptions options, TimeProvider time, CancellationToken cancel)
    {
        Process process = Start(address, options);
        var words = new StringBuilder();
        Task listening = ListenAsync(process.StandardError, words);
        try
        {
            SftpChannel channel = await SftpChannel.OpenAsync(new BufferedStream(process.StandardOutput.BaseStream, Limits.SshPipeBytes), process.StandardInput.BaseStream, time, () => Kill(process), cancel).WaitAsync(Limits.SftpSilenceMax, time, cancel);
            return new SshSession(process, channel, listening);
        }
        catch (Exception e)
        {
            await EndAsync(process, listening);
            if (e is TimeoutException) throw new StoreException($"cannot use {address}: it has not greeted within {Limits.SftpSilenceMax.TotalSeconds:0} seconds", e) { IsUnreachable = true };
            if (e is not IOException) throw;
            throw SshFailure.Explain(address, words.ToString(), e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill(_process);
        await _channel.DisposeAsync();
        await EndAsync(_process, _listening);
    }

    private static Process Start(SftpAddress address, SshOptions options)
    {
        var start = new ProcessStartInfo(options.Program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        string[] ours =
        [
            "-oBatchMode=yes", $"-oConnectTimeout={ConnectSeconds}", "-oServerAliveInterval=15", "-oServerAliveCountMax=3", "-oClearAllForwardings=yes", "-oForwardX11=no",
            "-oForwardAgent=no", "-oPermitLocalCommand=no", "-oControlMaster=no", "-oControlPath=none",
        ];
        foreach (string argument in (IEnumerable<string>)[.. options.Arguments, .. ours]) start.ArgumentList.Add(argument);
        if (address.Port is { } port) start.ArgumentList.Add("-p" + port.ToString(CultureInfo.InvariantCulture));
        if (address.User is { } user) start.ArgumentList.Add("-l" + user);
        foreach (string argument in (string[])["-s", "--", address.Host, "sftp"]) start.ArgumentList.Add(argument);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new StoreException($"cannot use {address}: the program {options.Program} does not start ({e.Message}); install openssh-client", e);
        }
    }

    private static async Task ListenAsync(StreamReader errors, StringBuilder words)
    {
        char[] buffer = new char[256];
        int count;
        while ((count = await errors.ReadAsync(buffer)) > 0)
        {
            if (words.Length < Limits.SshMessageBytes) words.Append(buffer, 0, count);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It is gone, and so is what this object knew of it.
        }
    }

    private static async Task EndAsync(Process process, Task listening)
    {
        Kill(process);
        await process.WaitForExitAsync();
        await listening;
        process.Dispose();
    }
}
