using System.Runtime.CompilerServices;
using Bazil.Remotes.Folders;
using Bazil.Storage.Tests.Stores.Faults;

namespace Bazil.Remotes.Tests.Folders;

/// <summary>A real folder in which calls go wrong as a plan says. Owns it.</summary>
internal sealed class FaultyFolder(IRemoteFolder inner, FaultPlan plan) : IRemoteFolder
{
    private readonly FaultyCalls _calls = new(plan, inner.Name);

    public string Name => inner.Name;

    public async ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => await _calls.RunAsync(
        async () =>
        {
            await inner.WriteAsync(name, content, cancel);
            return true;
        },
        mayBeLost: true, null, cancel);

    public ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
        _calls.RunAsync(() => inner.WriteWhereAsync(where, name, content, cancel), mayBeLost: true, null, cancel);

    public ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) =>
        _calls.RunAsync(() => inner.ReadAsync(name, offset, buffer, cancel), mayBeLost: true, (fault, count) => Spoil(fault, count, buffer), cancel);

    public ValueTask<int?> ReadPieceAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) =>
        _calls.RunAsync(() => inner.ReadPieceAsync(name, offset, buffer, cancel), mayBeLost: true, (fault, count) => Spoil(fault, count, buffer), cancel);

    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancel) => _calls.RunAsync(() => inner.DeleteAsync(name, cancel), mayBeLost: false, null, cancel);

    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [EnumeratorCancellation] CancellationToken cancel)
    {
        int left = plan.Next(64); // one fault somewhere in the listing
        await foreach (RemoteFile file in inner.ListAsync(directory, cancel))
        {
            yield return left-- == 0 ? await _calls.RunAsync(() => ValueTask.FromResult(file), mayBeLost: true, null, cancel) : file;
        }
    }

    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel) => inner.GetSpaceAsync(cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private int? Spoil(Fault fault, int? count, Memory<byte> buffer)
    {
        if (count is not > 0) return count;
        if (fault == Fault.CutOff) return plan.Next(count.Value);
        buffer.Span[plan.Next(count.Value)] ^= (byte)(1 << plan.Next(8));
        return count;
    }
}
