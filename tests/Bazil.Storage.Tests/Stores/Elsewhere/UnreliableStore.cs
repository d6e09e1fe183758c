using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Buffers;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Stores.Elsewhere;

/// <summary>A store that does with each read what it is told: answers, fails, lies, cuts off, or hangs, with or without heeding that it is told to stop.</summary>
internal sealed class UnreliableStore(IObjectStore inner) : IObjectStore
{
    public string Name => inner.Name;

    /// <summary>What the next reads meet.</summary>
    public Func<Fault> Next { get; set; } = static () => Fault.None;

    public int ReadCount { get; private set; }

    public int StoppedCount { get; private set; }

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        ReadCount++;
        Fault fault = Next();
        if (fault is Fault.Unreachable) throw new StoreException($"store {Name} is away") { IsUnreachable = true };
        if (fault is Fault.Failing) throw new StoreException($"store {Name} failed");
        if (fault is Fault.Hanging or Fault.Deaf) await HangAsync(fault == Fault.Hanging ? cancel : CancellationToken.None);
        IMemoryOwner<byte>? found = await inner.GetAsync(id, cancel);
        if (found is null || fault == Fault.None) return found;
        int length = fault == Fault.CutOff ? found.Memory.Length / 2 : found.Memory.Length;
        IMemoryOwner<byte> wrong = BufferPool.Shared.Rent(length);
        found.Memory[..length].CopyTo(wrong.Memory);
        found.Dispose();
        if (fault == Fault.Lying) wrong.Memory.Span[0] ^= 1;
        return wrong;
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => inner.PutAsync(id, buffer, cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => inner.HasAsync(id, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => inner.DeleteAsync(id, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => inner.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => inner.SyncAsync(cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async Task HangAsync(CancellationToken cancel)
    {
        var never = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await never.Task.WaitAsync(cancel);
        }
        finally
        {
            StoppedCount++;
        }
    }

    internal enum Fault
    {
        None,
        Unreachable,
        Failing,
        Lying,
        CutOff,
        Hanging,
        Deaf,
    }
}
