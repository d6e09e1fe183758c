namespace Bazil.Fuse.Session;

/// <summary>Questions for cached data that the kernel has yet to answer. Thread-safe.</summary>
internal sealed class Retrievals
{
    /// <summary>Far above the kernel's own numbers, among which io_uring looks for that of an answer; even, because bit 0 means an interrupt.</summary>
    private const ulong FirstNumber = 1UL << 61;

    // Guards everything here; a leaf, nothing is called while it is held.
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, TaskCompletionSource<byte[]?>> _waiting = [];
    private ulong _last = FirstNumber;

    /// <summary>A number for a question, and where its answer comes. Null is the answer when there is none to come.</summary>
    internal ulong Begin(out Task<byte[]?> answer)
    {
        var waiter = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        answer = waiter.Task;
        lock (_lock)
        {
            _last += 2;
            _waiting.Add(_last, waiter);
            return _last;
        }
    }

    internal void Complete(ulong number, byte[]? data)
    {
        TaskCompletionSource<byte[]?>? waiter;
        lock (_lock)
        {
            if (!_waiting.Remove(number, out waiter)) return;
        }

        waiter.TrySetResult(data);
    }

    /// <summary>The mount has ended: nothing more will come.</summary>
    internal void EndAll()
    {
        List<ulong> numbers;
        lock (_lock) numbers = [.. _waiting.Keys];
        foreach (var number in numbers) Complete(number, null);
    }
}
