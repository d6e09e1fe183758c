using System.Diagnostics;
using System.Globalization;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// A volume that a <c>volume-serve</c> child holds mounted. The test process never touches the mount: what is done there is
/// done by other children, with time limits. Dispose kills the daemon and takes the mount away, whatever state they are in.
/// </summary>
public sealed class MountedVolume : IDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(3), ProgramTime = TimeSpan.FromMinutes(5);

    private readonly TempDirectory _directory = new("bazil-mounted-");
    private readonly string _data;
    private ChildProcess? _daemon;

    /// <param name="data">Where database and objects lie; by default a directory of its own.</param>
    public MountedVolume(string? data = null)
    {
        string? reason = MissingReason();
        Assert.SkipWhen(reason is not null, reason ?? "");
        // The cases also work as another user, who must get to the mount.
        File.SetUnixFileMode(_directory.Path, File.GetUnixFileMode(_directory.Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        _data = data ?? _directory["data"];
        Directory.CreateDirectory(_data);
        MountPoint = Directory.CreateDirectory(_directory["mount"]).FullName;
    }

    public string MountPoint { get; }

    /// <summary>A directory that lives as long as the volume, outside of the mount.</summary>
    public string Scratch => _directory.Path;

    /// <summary>Where database and objects lie.</summary>
    public string Data => _data;

    /// <summary>Files that had small synced changes when the daemon was started last.</summary>
    public int PatchedCount { get; private set; }

    public int DaemonId => _daemon!.Id;

    public string this[string name] => Path.Combine(MountPoint, name);

    public void Start()
    {
        _daemon = ChildProcess.Start("volume-serve", _data, MountPoint);
        string[] words = ReadLine()?.Split(' ') ?? [];
        Assert.Equal("patched", words[0]);
        PatchedCount = int.Parse(words[1], CultureInfo.InvariantCulture);
        Assert.Equal("ready", ReadLine());
    }

    /// <summary>SIGTERM; returns when the daemon has unmounted, made everything durable and ended.</summary>
    public void Stop()
    {
        Run("kill", "-TERM", $"{DaemonId}");
        Assert.Equal("done", ReadLine());
        _daemon!.WaitForExit();
        Assert.Equal(0, _daemon.ExitCode);
        _daemon.Dispose();
        _daemon = null;
    }

    /// <summary>SIGKILL; the dead mount stays until the next start takes it away.</summary>
    public void Kill()
    {
        _daemon!.Dispose();
        _daemon = null;
    }

    /// <summary>Runs a case of a file in <c>Cases</c> in a new directory on the mount; fails with its output.</summary>
    public void RunCase(string file, string name) => Run("python3", "-B", CasePath("case.py"), CasePath(file), name, this[name]);

    public static string CasePath(string file) => Path.Combine(AppContext.BaseDirectory, "Mounted", "Cases", file);

    /// <summary>Runs a program to its end and returns its output; fails when it fails or takes so long that it hangs.</summary>
    public static string Run(string program, params IEnumerable<string> arguments)
    {
        using Process process = StartProgram(program, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(ProgramTime))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end in time");
        }

        string text = output.GetAwaiter().GetResult();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit {process.ExitCode}\n{text}{error.GetAwaiter().GetResult()}");
        return text;
    }

    public static Process StartProgram(string program, params IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;

    public void Dispose()
    {
        _daemon?.Dispose();
        using (Process umount = StartProgram("umount", "-l", MountPoint)) umount.WaitForExit();
        _directory.Dispose();
    }

    private string? ReadLine()
    {
        Task<string?> line = _daemon!.Output.ReadLineAsync();
        Assert.True(line.Wait(StartTime), "the daemon does not answer");
        return line.GetAwaiter().GetResult();
    }

    private static string? MissingReason()
    {
        if (Environment.UserName != "root") return "mounting needs root";
        if (!File.Exists("/dev/fuse")) return "there is no /dev/fuse";
        return File.Exists("/usr/bin/python3") ? null : "python3 is missing";
    }
}
