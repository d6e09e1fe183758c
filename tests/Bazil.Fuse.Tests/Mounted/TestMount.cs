using System.Diagnostics;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>A file system mounted at a fresh directory, with what tests do to it. Unmounted by force if need be.</summary>
internal sealed class TestMount : IAsyncDisposable
{
    private readonly TempDirectory _directory = new("bazil-fuse-");
    private readonly List<string> _log = [];

    private TestMount()
    {
    }

    internal FuseMount Mount { get; private set; } = null!;

    internal string Path => _directory["mnt"];

    internal string[] Log
    {
        get
        {
            lock (_log) return [.. _log];
        }
    }

    internal static async Task<TestMount> StartAsync(
        FuseFileSystem fileSystem,
        Func<FuseMountOptions, FuseMountOptions>? configure = null,
        FuseTransport transport = FuseTransport.Device)
    {
        using var parameter = transport == FuseTransport.Uring ? UringParameter.Set(on: true) : null;
        var test = new TestMount();
        Directory.CreateDirectory(test.Path);
        var options = new FuseMountOptions { Mountpoint = test.Path, FileSystemName = "test", Subtype = "test", Transport = transport };
        options = configure?.Invoke(options) ?? options;
        test.Mount = await FuseMount.MountAsync(options, fileSystem, test.Record, TestContext.Current.CancellationToken);
        if (options.Transport == transport) Assert.Equal(transport, test.Mount.Connection.Transport);
        return test;
    }

    /// <summary>Runs a shell script in the root of the mount, which must succeed.</summary>
    internal async Task<string> ShellAsync(string script) => (await TryShellAsync(script)).Succeeded();

    internal Task<ChildResult> TryShellAsync(string script) =>
        Child.RunAsync(CutLoose, "/bin/sh", "-ec", $"cd '{Path}'\n{script}");

    /// <summary>Runs Python in the root of the mount, which must succeed.</summary>
    internal async Task<string> PythonAsync(string script) =>
        (await Child.RunAsync(CutLoose, Child.Python, "-c", Prologue + script)).Succeeded();

    /// <summary>Starts Python in the root of the mount; ends it with <see cref="FinishAsync"/>.</summary>
    internal Process StartPython(string script) => Child.Start(Child.Python, "-uc", Prologue + script);

    internal Task<ChildResult> FinishAsync(Process child) => Child.FinishAsync(child, CutLoose);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Mount.UnmountAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        }
        finally
        {
            if (!Mount.Completion.IsCompleted) CutLoose();
        }

        _directory.Dispose();
    }

    private string Prologue => $"import os, sys, errno, stat, time, signal, threading, fcntl, ctypes\nos.chdir('{Path}')\n";

    private void CutLoose()
    {
        _ = Libc.Unmount(Path, Libc.MNT_FORCE);
        _ = Libc.Unmount(Path, Libc.MNT_DETACH);
    }

    private void Record(FuseLogLevel level, string message, Exception? exception)
    {
        lock (_log) _log.Add($"{level}: {message} {exception?.Message}");
    }
}
