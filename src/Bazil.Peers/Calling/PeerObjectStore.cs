using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Peers.Calling;
using Bazil.Peers.Protocol;
using Bazil.Storage.Eviction;
using Bazil.Storage.Stores;
using Google.Protobuf;

namespace Bazil.Peers;

/// <summary>
/// The store that a peer offers this node: get, has, put; of what this node put itself, list and delete. A put that returned is durable at the peer.
/// Concurrent. Belongs to its connection: dispose does nothing.
/// </summary>
public sealed class PeerObjectStore : IObjectStore
{
    private readonly PeerId _peer;
    private readonly PeerId _self;
    private readonly PeerCaller _caller;
    private readonly ObjectFetcher _fetcher;
    private readonly SemaphoreSlim _puts = new(Limits.PutsPerPeer); // never over the peer's own limit; not disposed: it has no handle

    // Waiting for a stream of the connection must not be taken for silence of the peer: wait here, before the clock runs.
    private readonly SemaphoreSlim _requests = new(Limits.RequestsPerConnection - Limits.PutsPerPeer);

    internal PeerObjectStore(PeerId peer, PeerId self, PeerCaller caller)
    {
        _peer = peer;
        _self = self;
        _caller = caller;
        Name = $"peerkey:{peer}";
        _fetcher = new ObjectFetcher(GetManyAsync);
    }

    public string Name { get; }

    /// <summary>Gets that are called at the same time share requests.</summary>
    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        PeerObject found = await _fetcher.FetchAsync(id, cancel);
        return found.State switch
        {
            PeerObjectState.Found => found.Content,
            PeerObjectState.Missing => null,
            PeerObjectState.Damaged => throw new CorruptObjectException(id, Name, "the peer says that its copy is damaged"),
            _ => throw new StoreException($"object {id} in store {Name}: the peer's store failed; its log says why"),
        };
    }

    /// <summary>Fetches many objects in few round trips. The answers come in the order of <paramref name="ids"/>.</summary>
    /// <exception cref="StoreException">The transfer broke; what came before is good.</exception>
    public async IAsyncEnumerable<PeerObject> GetManyAsync(IReadOnlyList<ObjectId> ids, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (int start = 0; start < ids.Count; start += Limits.IdsPerRequest)
        {
            var part = Part(ids, start);
            var call = Call("objects", cancel);
            await _requests.WaitAsync(cancel);
            try
            {
                using var download = new ObjectDownload(_caller, call, part);
                while (await InStoreAsync(download.NextAsync) is { } found) yield return found;
            }
            finally
            {
                _requests.Release();
            }
        }
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) =>
        PutManyAsync([new(id, buffer)], cancel);

    /// <summary>Stores many objects in few round trips. On return all of them are durable at the peer; on failure, some may be.</summary>
    public async ValueTask PutManyAsync(IReadOnlyList<KeyValuePair<ObjectId, ReadOnlyMemory<byte>>> objects, CancellationToken cancel)
    {
        foreach (var batch in Batches(objects))
        {
            await _puts.WaitAsync(cancel);
            try
            {
                await InStoreAsync(async () =>
                {
                    using var answer = await _caller.OpenAsync(Call("to put objects", cancel), PeerPaths.ObjectsPut, watch => new ObjectsContent(batch, watch, _caller.Meter));
                    return await EndAsync(answer);
                });
            }
            finally
            {
                _puts.Release();
            }
        }
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => (await HasManyAsync([id], cancel))[0];

    /// <summary>Asks for many objects in few round trips. The answers are in the order of <paramref name="ids"/>.</summary>
    public async ValueTask<IReadOnlyList<bool>> HasManyAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel)
    {
        var result = new bool[ids.Count];
        for (int start = 0; start < ids.Count; start += Limits.IdsPerRequest)
        {
            var part = Part(ids, start);
            await _requests.WaitAsync(cancel);
            try
            {
                byte[] present = await InStoreAsync(() => AskOfEachAsync(part, PeerPaths.ObjectsHas, "whether objects are there", cancel));
                for (int i = 0; i < present.Length; i++) result[start + i] = present[i] != 0;
            }
            finally
            {
                _requests.Release();
            }
        }
        return result;
    }

    /// <summary>Deletes what this node put there itself, and nothing else.</summary>
    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => await DiscardAsync([id], cancel) > 0;

    /// <summary>Tells the peer that this node needs some of what it put there no more: it is deleted there. Returns how much of it was there.</summary>
    /// <exception cref="StoreException">The transfer broke; some of it may be gone.</exception>
    public async ValueTask<int> DiscardAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel)
    {
        int count = 0;
        for (int start = 0; start < ids.Count; start += Limits.IdsPerRequest)
        {
            var part = Part(ids, start);
            await _requests.WaitAsync(cancel);
            try
            {
                byte[] had = await InStoreAsync(() => AskOfEachAsync(part, PeerPaths.ObjectsDiscard, "to discard objects", cancel));
                count += had.Count(static gone => gone != 0);
            }
            finally
            {
                _requests.Release();
            }
        }
        return count;
    }

    /// <summary>Lists what this node put there itself.</summary>
    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await _requests.WaitAsync(cancel);
        try
        {
            using var answer = await InStoreAsync(async () => await _caller.OpenAsync(Call("what is there", cancel), PeerPaths.ObjectsList, _ => new ByteArrayContent([])));
            while (await InStoreAsync(() => NextIdsAsync(answer)) is { } ids)
            {
                for (int at = 0; at < ids.Length; at += ObjectId.Size) yield return new ObjectId(ids.AsSpan(at, ObjectId.Size));
            }
        }
        finally
        {
            _requests.Release();
        }
    }

    /// <summary>Asks the peer to make everything durable. Puts through this object are already.</summary>
    public async ValueTask SyncAsync(CancellationToken cancel) => await InStoreAsync(async () =>
    {
        using var answer = await _caller.OpenAsync(Call("a sync", cancel), PeerPaths.ObjectsSync, _ => new ByteArrayContent([]));
        return await EndAsync(answer);
    });

    /// <summary>Asks the peer to keep objects of its own store for a while (docs/protocol.md, "Holds").</summary>
    /// <param name="claim">Why it keeps them beyond that. So much of it that the message stays within <see cref="Limits.MessageBytes"/>; the peer refuses it otherwise.</param>
    /// <param name="ids">At most <see cref="Limits.IdsPerRequest"/>.</param>
    /// <returns>In the order of the ids.</returns>
    public async ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, HoldClaim claim, IReadOnlyList<ObjectId> ids, CancellationToken cancel)
    {
        var message = new HoldObjects { Ticket = BytesOf(ticket), Volume = BytesOf(claim.Volume), Known = ByteString.CopyFrom(KnowledgeCodec.Encode(claim.Known)) };
        foreach (var id in ids) message.Ids.Add(ByteString.CopyFrom(id.Span));
        await _requests.WaitAsync(cancel);
        try
        {
            byte[] answers = await InStoreAsync(() => AskEachAsync(Call("to hold objects", cancel), PeerPaths.ObjectsHold, message, ids.Count));
            return [.. answers.Select(static answer => (HoldAnswer)answer)];
        }
        finally
        {
            _requests.Release();
        }
    }

    /// <summary>Tells the peer that what it holds under a ticket is not needed any more.</summary>
    public async ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel) => await InStoreAsync(async () =>
    {
        using var answer = await _caller.OpenAsync(Call("to release objects", cancel), PeerPaths.ObjectsRelease, _ => new ByteArrayContent(new ReleaseObjects { Ticket = BytesOf(ticket) }.ToByteArray()));
        return await EndAsync(answer);
    });

    /// <summary>Does nothing: the connection belongs to its client.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The ids in the next frame of a listing; null at its end.</summary>
    private async Task<byte[]?> NextIdsAsync(FramedAnswer answer)
    {
        if (await answer.NextAsync() is not { } frame) return null;
        if (frame.Kind != FrameKind.Data || frame.Length % ObjectId.Size != 0) throw Nonsense();
        return await answer.ReadPayloadAsync(frame);
    }

    /// <summary>Asks something about each of many objects that are named by their ids.</summary>
    private Task<byte[]> AskOfEachAsync(IReadOnlyList<ObjectId> ids, string path, string what, CancellationToken cancel)
    {
        var message = new ObjectIds();
        foreach (var id in ids) message.Ids.Add(ByteString.CopyFrom(id.Span));
        return AskEachAsync(Call(what, cancel), path, message, ids.Count);
    }

    /// <summary>Asks something about each of many objects, which is answered with a byte each.</summary>
    private async Task<byte[]> AskEachAsync(CallContext call, string path, IMessage message, int count)
    {
        using var answer = await _caller.OpenAsync(call, path, _ => new ByteArrayContent(message.ToByteArray()));
        var frame = await answer.NextAsync();
        if (frame is not { Kind: FrameKind.Data } data || data.Length != count) throw Nonsense();
        byte[] bytes = await answer.ReadPayloadAsync(data);
        await EndAsync(answer);
        return bytes;
    }

    private static ByteString BytesOf(VolumeId volume)
    {
        Span<byte> bytes = stackalloc byte[VolumeId.Size];
        volume.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    private static ByteString BytesOf(HoldTicket ticket)
    {
        Span<byte> bytes = stackalloc byte[HoldTicket.Size];
        ticket.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    private async Task<bool> EndAsync(FramedAnswer answer) => await answer.NextAsync() is null ? true : throw Nonsense();

    private PeerProtocolException Nonsense() => new(_peer, "its answer is not about the objects asked for");

    private CallContext Call(string what, CancellationToken cancel) => _caller.Context(
        what, $"it offers no storage to this node: on that machine, run \"bazil peer storage allow {_self} local\"", cancel);

    /// <summary>The contract of stores: whatever the peer did wrong is this store's failure.</summary>
    private async Task<T> InStoreAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (PeerException e)
        {
            throw new StoreException($"store {Name}: {e.Message}", e) { IsUnreachable = true };
        }
    }

    private static IReadOnlyList<ObjectId> Part(IReadOnlyList<ObjectId> ids, int start) =>
        start == 0 && ids.Count <= Limits.IdsPerRequest ? ids : [.. ids.Skip(start).Take(Limits.IdsPerRequest)];

    private static IEnumerable<IReadOnlyList<KeyValuePair<ObjectId, ReadOnlyMemory<byte>>>> Batches(
        IReadOnlyList<KeyValuePair<ObjectId, ReadOnlyMemory<byte>>> objects)
    {
        const int overheadPerObject = 256; // heads of frames; generous
        var batch = new List<KeyValuePair<ObjectId, ReadOnlyMemory<byte>>>();
        long bytes = 0;
        foreach (var item in objects)
        {
            if (item.Value.Length > Limits.ObjectBytes)
                throw new StoreException($"object {item.Key} of {item.Value.Length} bytes is larger than the peer protocol carries ({Limits.ObjectBytes} bytes)");
            if (batch.Count > 0 && bytes + item.Value.Length + overheadPerObject > Limits.PutRequestBytes / 2)
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }
            batch.Add(item);
            bytes += item.Value.Length + overheadPerObject;
        }
        if (batch.Count > 0) yield return batch;
    }
}
