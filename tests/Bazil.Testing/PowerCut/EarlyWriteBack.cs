using Microsoft.Win32.SafeHandles;

namespace Bazil.Testing.PowerCut;

/// <summary>
/// What a kernel and a database may do at any time: random pages of random files below a directory reach the disk early and out of order, and
/// now and then the log of the database as a whole, before the content that its rows name. Runs until it is disposed.
/// </summary>
public sealed class EarlyWriteBack : IAsyncDisposable
{
    private const int FilesPerTurn = 3;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(15);

    private readonly CancellationTokenSource _stop = new();
    private readonly string _directory;
    private readonly Random _random;
    private readonly Task _work;

    public EarlyWriteBack(string directory, int seed)
    {
        _directory = directory;
        _random = new Random(seed);
        _work = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(_pause);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token)) Turn();
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Turn()
    {
        try
        {
            string[] files = Directory.GetFiles(_directory, "*", SearchOption.AllDirectories);
            for (int i = 0; i < FilesPerTurn && files.Length > 0; i++) PowerCutDisk.WriteBackSome(files[_random.Next(files.Length)], _random);
            if (_random.Next(4) == 0) SyncWhole([.. files.Where(static file => Path.GetExtension(file) == ".log")]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file was removed meanwhile, or the power is gone already.
        }
    }

    private void SyncWhole(string[] logs)
    {
        if (logs.Length == 0) return;
        string log = logs[_random.Next(logs.Length)];
        using SafeFileHandle handle = File.OpenHandle(log, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(handle);
    }
}
