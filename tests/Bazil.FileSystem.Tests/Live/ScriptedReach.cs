using Bazil.FileSystem.Live;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>Stores that are back when a test says so.</summary>
internal sealed class ScriptedReach : IContentReach
{
    private TaskCompletionSource _returned = new();
    private TaskCompletionSource _watched = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TimeSpan WaitMax { get; set; } = TimeSpan.FromSeconds(30);

    public Task Returned => _returned.Task;

    public IReadOnlyCollection<string> Away { get; set; } = [];

    public int Watchers { get; private set; }

    /// <summary>Completes when somebody waits for a store, once for each time that nobody has.</summary>
    public Task Watched => _watched.Task;

    public IDisposable Watch()
    {
        Watchers++;
        _watched.TrySetResult();
        return new Watcher(this);
    }

    public void Return()
    {
        TaskCompletionSource before = _returned;
        (_returned, _watched) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        before.SetResult();
    }

    private sealed class Watcher(ScriptedReach reach) : IDisposable
    {
        public void Dispose() => reach.Watchers--;
    }
}
