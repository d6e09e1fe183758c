using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Buffers;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Stores.Faults;

/// <summary>A real store in which calls go wrong as a plan says. Owns it.</summary>
public sealed class FaultyStore(IObjectStore inner, FaultPlan plan) : IObjectStore
{
    private readonly FaultyCalls _calls = new(plan, inner.Name);

    public string Name => inner.Name;

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => _calls.RunAsync(() => inner.GetAsync(id, cancel), mayBeLost: true, Spoil, cancel);

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => await _calls.RunAsync(
        async () =>
        {
            await inner.PutAsync(id, buffer, cancel);
            return true;
        },
        mayBeLost: true, null, cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => _calls.RunAsync(() => inner.HasAsync(id, cancel), mayBeLost: true, null, cancel);

    public ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) => _calls.RunAsync(() => inner.TouchAsync(id, cancel), mayBeLost: true, null, cancel);

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) => _calls.RunAsync(() => inner.SizeOfAsync(id, cancel), mayBeLost: true, null, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => _calls.RunAsync(() => inner.DeleteAsync(id, cancel), mayBeLost: false, null, cancel);

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        int left = plan.Next(64); // one fault somewhere in the listing
        await foreach (ObjectId id in inner.ListAsync(cancel))
        {
            yield return left-- == 0 ? await _calls.RunAsync(() => ValueTask.FromResult(id), mayBeLost: true, null, cancel) : id;
        }
    }

    public async ValueTask SyncAsync(CancellationToken cancel) => await _calls.RunAsync(
        async () =>
        {
            await inner.SyncAsync(cancel);
            return true;
        },
        mayBeLost: true, null, cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private IMemoryOwner<byte>? Spoil(Fault fault, IMemoryOwner<byte>? right)
    {
        if (right is null || right.Memory.Length == 0) return right;
        int length = fault == Fault.CutOff ? plan.Next(right.Memory.Length) : right.Memory.Length;
        IMemoryOwner<byte> wrong = BufferPool.Shared.Rent(length);
        right.Memory[..length].CopyTo(wrong.Memory);
        right.Dispose();
        if (fault == Fault.Lying) wrong.Memory.Span[plan.Next(length)] ^= (byte)(1 << plan.Next(8));
        return wrong;
    }
}
