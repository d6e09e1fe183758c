using Bazil.Core.Crypto;
using Bazil.Server.Caching;
using Bazil.Server.Collection;
using Bazil.Server.Config;
using Bazil.Storage.Metadata;
using Bazil.Testing;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Tests.Caching;

public sealed class CacheKeeperTests : IAsyncDisposable
{
    private static readonly byte[] _settings = [(byte)Table.Cache];

    private readonly TempDirectory _root = new();
    private readonly TestNode _node;
    private readonly GarbageCollector _collector;
    private readonly Messages _messages = new();

    public CacheKeeperTests()
    {
        _node = new TestNode(_root["data"], TimeProvider.System);
        _collector = new GarbageCollector(_node.Config, _node.Metadata, _node.Storages, _node.Volumes, _node.Id, _root.Path, new SodiumEntropy(), TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        _collector.Dispose();
        await _node.DisposeAsync();
        _root.Dispose();
    }

    [Fact]
    public async Task Settings_that_cannot_be_read_are_told_of_and_looked_at_again()
    {
        _node.Config.UpdateCache(static settings => settings with { FreeBytes = long.MaxValue / 2 });
        byte[] row = _node.Metadata.Get(_settings)!;
        Put([0xff]);
        await using var keeper = new CacheKeeper(new EvictionParts
        {
            Config = _node.Config, Volumes = _node.Volumes, Storages = _node.Storages, Metadata = _node.Metadata, Collector = _collector, ScratchDirectory = _root.Path, Time = TimeProvider.System, Entropy = new SodiumEntropy(),
        }, _root.Path, _messages);
        keeper.Start();
        Assert.Contains("settings of this node's cache", await _messages.First.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));

        Put(row);
        keeper.Wake();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (keeper.State.Problem?.Contains("more are to go", StringComparison.Ordinal) != true) await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    private void Put(byte[] row)
    {
        var batch = new MetadataBatch();
        batch.Put(_settings, row);
        _node.Metadata.Commit(batch);
    }

    /// <summary>Keeps the first message.</summary>
    private sealed class Messages : ILogger
    {
        private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> First => _first.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _first.TrySetResult(formatter(state, exception));
    }
}
