using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>
/// A store in a folder on another machine that keeps files and knows nothing of objects. Objects are gathered into packs, so that ten thousand small ones cost a handful of
/// requests; which lies where is kept in this node's database, which is made anew from the packs when it is lost. Several nodes may use one folder: each writes packs
/// of its own, and finds those of the others (docs/remotes.md).
/// <para>Works while the folder cannot be reached: what is put waits in memory, within bounds; what the index does not know is then not known to be missing, and asking for it is a failure.</para>
/// <para>Owns the folder. Disposing it writes what waits; <see cref="AbandonAsync"/> does not. Safe for concurrent use.</para>
/// </summary>
public sealed partial class PackStore : IObjectStore
{
    private readonly IRemoteFolder _folder;
    private readonly IMetadataStore _metadata;
    private readonly IEntropy _entropy;
    private readonly SigningKey _identity;
    private readonly bool _mayMake;
    private readonly TimeProvider _time;
    private readonly PackPieces _pieces;
    private volatile PackIndex? _index; // of the store that is there, or was the last time

    /// <param name="folder">Where the packs are.</param>
    /// <param name="metadata">Keeps the index.</param>
    /// <param name="entropy">For names of packs.</param>
    /// <param name="time">Tells how old the last listing of the folder is.</param>
    /// <param name="identity">This node's key, for its packs and its lease. Borrowed.</param>
    /// <param name="mayMake">An empty folder becomes a store when it is first used; otherwise it must be one.</param>
    public PackStore(IRemoteFolder folder, IMetadataStore metadata, IEntropy entropy, TimeProvider time, SigningKey identity, bool mayMake)
    {
        (_folder, _metadata, _entropy, _time, _identity, _mayMake) = (folder, metadata, entropy, time, identity, mayMake);
        (_open, _pieces) = (NewPack(), new PackPieces(time));
        if (PackStoreMark.Recall(metadata, folder.Name) is { } id) _index = new PackIndex(metadata, id);
    }

    /// <summary>Raised when something turns out not to be there any more, after <see cref="Generation"/> has changed. Handlers return at once.</summary>
    public event Action? Lost;

    public string Name => _folder.Name;

    /// <summary>Changes whenever the store turns out to have lost something: what was concluded from <see cref="Knows"/> before may be wrong then. 0 before it is met.</summary>
    public ulong Generation => _index?.Generation ?? 0;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        for (int attempt = 0; ; attempt++)
        {
            if (TryCopyWaiting(id) is { } waiting) return waiting;
            PackLocation? location = await LocateAsync(id, cancel);
            if (location is not { } found) return null;
            IMemoryOwner<byte>? read = await ReadWithNeighboursAsync(id, found, cancel);
            if (read is not null) return read;

            // Another node has moved its objects elsewhere and removed the pack, or somebody has removed it.
            if (attempt > 0) throw new CorruptObjectException(id, Name, $"its pack {found.Pack.FileName} is gone");
            await ListAnewAsync(cancel);
        }
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return TryFindWaiting(id, out _) || await LocateAsync(id, cancel) is { Trust: not PackTrust.Damaged };
    }

    public async ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return TryFindWaiting(id, out PackEntry entry) ? entry.Length : (await LocateAsync(id, cancel))?.Length;
    }

    /// <summary>Whether the store has the object, or will have when what waits is written, by what this node or another one says: asks nobody.</summary>
    public bool Knows(in ObjectId id) => TryFindWaiting(id, out _) || _index?.Find(id) is { Trust: not PackTrust.Damaged };

    /// <summary>The length of an object as <see cref="Knows"/> knows it; null when it does not: asks nobody.</summary>
    public int? KnownSizeOf(in ObjectId id) => TryFindWaiting(id, out PackEntry entry) ? entry.Length : _index?.Find(id)?.Length;

    /// <summary>A copy of an object whose bytes are in memory here, because it waits to be written or lies behind another one that was just read; null when they are not. Asks nobody. The caller disposes it.</summary>
    public IMemoryOwner<byte>? TryCopyHere(in ObjectId id) =>
        TryCopyWaiting(id) ?? (_index?.Find(id) is { Trust: not PackTrust.Damaged } location && _pieces.TryCopy(location, evenFirst: false) is { } copy ? AnswerOf(copy, location) : null);

    /// <summary>How much is read to answer for an object that <see cref="TryCopyHere"/> does not have: small ones are read with what lies behind them. Null when the index does not know it; asks nobody.</summary>
    public int? ReadBytesOf(in ObjectId id) => _index?.Find(id) is { } location ? PackPieces.ReadBytesOf(location) : null;

    /// <summary>Whether the store is known not to have the object, since it was listed a moment ago: asks nobody.</summary>
    public bool IsAbsent(in ObjectId id)
    {
        lock (_meeting)
        {
            if (IsListingDue || _unreadable is not null) return false;
        }

        return !TryFindWaiting(id, out _) && _index?.Find(id) is null;
    }

    /// <summary>
    /// Whether this node has put the object there itself, or has seen that it is there (<see cref="NoteVerified"/>), and no node is about to remove it: asks nobody, and promises nothing.
    /// Whoever leaves out a put, or counts a copy, asks with <see cref="Rely"/>.
    /// </summary>
    public bool KnowsForSure(in ObjectId id) => FindWaiting(id) is PackTrust.Verified || (_index is { } index && index.Find(id) is { Trust: PackTrust.Verified } at && !index.IsDoomed(at.Pack));

    /// <summary>Whether the object is in a pack there that is durable, and this node has put it there itself or has seen that it is there, and no node is about to remove it: asks nobody. What only waits to be written does not count.</summary>
    public bool IsCopied(in ObjectId id) => _index is { } index && index.Find(id) is { Trust: PackTrust.Verified } at && !index.IsDoomed(at.Pack);

    /// <summary>Notes that an answer from here is what its id says, if it was read from a pack that another node wrote. A hint: a database that cannot be written leaves it out.</summary>
    /// <param name="id">What was asked for.</param>
    /// <param name="answer">What <see cref="GetAsync"/> returned; it may be disposed.</param>
    public void NoteVerified(in ObjectId id, IMemoryOwner<byte> answer)
    {
        if (_index is not { } index || answer is not PackAnswer { Location: var location }) return;
        try
        {
            index.Judge(id, location, PackTrust.Verified, _entropy);
        }
        catch (MetadataException)
        {
            // The volume says what is wrong with the database. What was read is right all the same.
        }
    }

    /// <summary>What it holds; costs a row for each pack.</summary>
    public PackStoreUsage Usage =>
        _index?.ListPacks().Aggregate(default(PackStoreUsage), static (sum, pack) => new PackStoreUsage(sum.Packs + 1, sum.SizeBytes + pack.Use.SizeBytes, sum.WantedBytes + pack.Use.WantedBytes, sum.Objects + pack.Use.WantedObjects)) ?? default;

    /// <summary>Lists what the index knows, after it knows all packs.</summary>
    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        PackIndex index = await ListPacksAsync(cancel);
        foreach (ObjectId id in ListWaiting()) yield return id;
        foreach (ObjectId id in index.ListObjects())
        {
            cancel.ThrowIfCancellationRequested();
            if (!TryFindWaiting(id, out _)) yield return id;
        }
    }

    /// <summary>Writes what waits, as far as that can be done, and closes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await SyncAsync(CancellationToken.None);
        }
        finally
        {
            await _folder.DisposeAsync();
            ForgetNeighbours();
        }
    }

    /// <summary>Closes the folder at once, without what was not synced: whoever put it will do so again.</summary>
    public async ValueTask AbandonAsync()
    {
        await _folder.DisposeAsync();
        ForgetNeighbours();
        List<Task> ending;
        lock (_packs) ending = [.. _closed.Values];
        lock (_meeting)
        {
            if (_listing is not null) ending.Add(_listing);
        }

        await Task.WhenAll(ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // they end because the folder is closed
    }

    /// <summary>What lies in memory beside what was read is asked for there again: for whoever wants to know what is there now.</summary>
    internal void ForgetNeighbours() => _pieces.Clear();

    /// <summary>Where an object is by the index. Only a recent listing of the folder can tell that it is nowhere: another node may have just put it there.</summary>
    private async ValueTask<PackLocation?> LocateAsync(ObjectId id, CancellationToken cancel) =>
        _index?.Find(id) ?? Require(id, (await ListPacksAsync(cancel)).Find(id));

    /// <summary>An object that is nowhere may lie in a pack that could not be looked into.</summary>
    private PackLocation? Require(in ObjectId id, PackLocation? found) =>
        found is null && _unreadable is { } problem ? throw new StoreException($"{Name}: object {id} may be in a pack that cannot be read: {problem}") : found;

    /// <summary>A small object brings what lies behind it, and what is being brought so is not asked for once more.</summary>
    private async ValueTask<IMemoryOwner<byte>?> ReadWithNeighboursAsync(ObjectId id, PackLocation location, CancellationToken cancel)
    {
        if (_pieces.TryCopy(location, evenFirst: false) is { } here) return AnswerOf(here, location);
        while (_pieces.Join(location, out bool isNew) is { } piece)
        {
            if (!isNew) await piece.Ended.WaitAsync(cancel);
            else if (!await FetchPieceAsync(piece, location, cancel)) return null;
            if (_pieces.TryCopy(location, evenFirst: true) is { } found) return AnswerOf(found, location);
            if (!piece.IsGivenUp) break; // all who waited for a read that failed go on at once, not one after the other
        }

        return await ReadAsync(id, location, cancel); // alone it is told what is wrong
    }

    /// <summary>Returns false when there is no such pack.</summary>
    private async ValueTask<bool> FetchPieceAsync(PackPiece piece, PackLocation location, CancellationToken cancel)
    {
        IMemoryOwner<byte>? buffer = null;
        int? read = null;
        bool isGivenUp = false;
        try
        {
            buffer = Storage.Buffers.BufferPool.Shared.Rent(piece.SizeBytes);
            read = await _folder.ReadPieceAsync(location.Pack.FileName, location.Offset, buffer.Memory, cancel);
            return read is not null;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            isGivenUp = true;
            throw;
        }
        finally
        {
            if (read is null) buffer?.Dispose();
            if (isGivenUp) _pieces.GiveUp(piece);
            else _pieces.End(piece, read is null ? null : buffer, read ?? 0);
        }
    }

    private static IMemoryOwner<byte> AnswerOf(IMemoryOwner<byte> bytes, in PackLocation location) => location.Trust == PackTrust.None ? new PackAnswer(bytes, location) : bytes;

    private async ValueTask<IMemoryOwner<byte>?> ReadAsync(ObjectId id, PackLocation location, CancellationToken cancel)
    {
        IMemoryOwner<byte> buffer = Storage.Buffers.BufferPool.Shared.Rent(location.Length);
        try
        {
            int? read = location.Length == 0 ? 0 : await _folder.ReadPieceAsync(location.Pack.FileName, location.Offset, buffer.Memory, cancel);
            if (read == location.Length && ObjectChecksum.Of(buffer.Memory.Span) == location.Checksum)
            {
                IMemoryOwner<byte> found = AnswerOf(buffer, location);
                buffer = null!;
                return found;
            }

            if (read is null) return null;
            if (_index!.Judge(id, location, PackTrust.Damaged, _entropy)) Lost?.Invoke();
            throw new CorruptObjectException(id, Name, $"{location.Pack.FileName} has other bytes at {location.Offset} than were put there");
        }
        finally
        {
            buffer?.Dispose();
        }
    }
}
