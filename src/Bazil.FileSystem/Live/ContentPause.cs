namespace Bazil.FileSystem.Live;

/// <summary>
/// Holds up changes of the content of open files while a snapshot looks at them: each change happens before or behind that moment,
/// whichever files it is made to. Safe for concurrent use; a change pays two atomic additions.
/// </summary>
internal sealed class ContentPause
{
    private int _changing;
    private volatile TaskCompletionSource? _ended;
    private volatile TaskCompletionSource? _quiet;

    /// <summary>Begins a change; every call that completes is followed by <see cref="Exit"/>.</summary>
    public ValueTask EnterAsync(CancellationToken cancel)
    {
        Interlocked.Increment(ref _changing);
        return _ended is null ? default : EnterLaterAsync(cancel);
    }

    public void Exit()
    {
        if (Interlocked.Decrement(ref _changing) == 0) _quiet?.TrySetResult();
    }

    /// <summary>Waits for the changes that have begun and holds up others until <see cref="Resume"/>. One pause at a time.</summary>
    public async Task PauseAsync(CancellationToken cancel)
    {
        var quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _quiet = quiet; // after that: a change that ends now must not be taken for the last one while others still begin

        // A full fence between this and the look at the count, as between the two in EnterAsync: one of both sees the other.
        if (Interlocked.Add(ref _changing, 0) == 0) return;
        try
        {
            await quiet.Task.WaitAsync(cancel);
        }
        catch
        {
            Resume();
            throw;
        }
    }

    public void Resume()
    {
        TaskCompletionSource? ended = _ended;
        _ended = null;
        _quiet = null;
        ended?.SetResult();
    }

    private async ValueTask EnterLaterAsync(CancellationToken cancel)
    {
        while (_ended is { } ended)
        {
            Exit();
            await ended.Task.WaitAsync(cancel);
            Interlocked.Increment(ref _changing);
        }
    }
}
