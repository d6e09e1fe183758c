namespace Bazil.Storage.Blobs;

/// <summary>
/// Many readers or one writer, for operations that await. First come, first served, so neither starves. Free of
/// allocations and of waiting when nobody is in the way.
/// </summary>
internal sealed class AsyncGate
{
    private readonly Lock _lock = new(); // guards everything below; innermost
    private readonly LinkedList<Waiter> _waiters = new();
    private int _readerCount;
    private bool _hasWriter;

    public ValueTask EnterSharedAsync(CancellationToken cancel) => EnterAsync(isWriter: false, cancel);

    public ValueTask EnterExclusiveAsync(CancellationToken cancel) => EnterAsync(isWriter: true, cancel);

    public void ExitShared()
    {
        lock (_lock)
        {
            _readerCount--;
            Admit();
        }
    }

    public void ExitExclusive()
    {
        lock (_lock)
        {
            _hasWriter = false;
            Admit();
        }
    }

    private ValueTask EnterAsync(bool isWriter, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested) return ValueTask.FromCanceled(cancel);
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            if (_waiters.Count == 0 && TryEnter(isWriter)) return ValueTask.CompletedTask;
            node = _waiters.AddLast(new Waiter(isWriter));
        }

        return WaitAsync(node, cancel);
    }

    private async ValueTask WaitAsync(LinkedListNode<Waiter> node, CancellationToken cancel)
    {
        await using CancellationTokenRegistration registration = cancel.Register(
            () =>
            {
                bool wasWaiting;
                lock (_lock)
                {
                    wasWaiting = node.List is not null;
                    if (wasWaiting) _waiters.Remove(node);
                    Admit(); // those behind may go when the first in line leaves
                }

                if (wasWaiting) node.Value.Admitted.SetCanceled(cancel);
            });
        await node.Value.Admitted.Task;
    }

    private bool TryEnter(bool isWriter)
    {
        if (_hasWriter || (isWriter && _readerCount > 0)) return false;
        if (isWriter) _hasWriter = true;
        else _readerCount++;
        return true;
    }

    private void Admit()
    {
        while (_waiters.First is { } first && TryEnter(first.Value.IsWriter))
        {
            _waiters.RemoveFirst();
            first.Value.Admitted.SetResult(); // continuations run elsewhere
        }
    }

    private sealed class Waiter(bool isWriter)
    {
        public bool IsWriter { get; } = isWriter;

        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
