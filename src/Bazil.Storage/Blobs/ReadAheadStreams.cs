namespace Bazil.Storage.Blobs;

/// <summary>The readers of one content, each with a stream of its own: where one goes tells nothing of the others. Safe for concurrent use; dispose cancels and waits.</summary>
/// <param name="create">Makes the stream of a reader.</param>
internal sealed class ReadAheadStreams(Func<ReadAhead> create) : IAsyncDisposable
{
    private static readonly object Anybody = new();

    private readonly Lock _lock = new(); // guards what follows; before those of the streams
    private readonly Dictionary<object, ReadAhead> _streams = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Task> _ending = [];

    /// <param name="reader">Who reads, by reference; null when there is only one.</param>
    public ReadAhead Of(object? reader)
    {
        lock (_lock)
        {
            if (!_streams.TryGetValue(reader ?? Anybody, out ReadAhead? stream)) _streams.Add(reader ?? Anybody, stream = create());
            return stream;
        }
    }

    /// <summary>The reader will not read any more. What is under way for it is given up.</summary>
    public void Leave(object reader)
    {
        lock (_lock)
        {
            if (!_streams.Remove(reader, out ReadAhead? stream)) return;
            _ending.RemoveWhere(static ending => ending.IsCompleted);
            _ending.Add(stream.DisposeAsync().AsTask());
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] ending;
        lock (_lock)
        {
            foreach (ReadAhead stream in _streams.Values) _ending.Add(stream.DisposeAsync().AsTask());
            _streams.Clear();
            ending = [.. _ending];
        }

        await Task.WhenAll(ending);
    }
}
