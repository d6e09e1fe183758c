using Bazil.Core;

namespace Bazil.Server.Storages;

/// <summary>What this node put at one peer, for whoever collects the garbage of it. Failures are those of stores.</summary>
internal interface IPeerPuts
{
    /// <summary>Names the peer.</summary>
    string Name { get; }

    /// <summary>What of it nothing refers to.</summary>
    PeerFossils Fossils { get; }

    /// <summary>Whether this node's rows are older than what it put there.</summary>
    PeerMarks Marks { get; }

    /// <summary>All of it, by the peer's word.</summary>
    IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel);

    /// <summary>Puts a mark (<see cref="PeerMarks"/>): it is no content, and nobody refers to it.</summary>
    ValueTask PutMarkAsync(ObjectId id, CancellationToken cancel);

    /// <summary>Has the peer delete some of it; returns how much of that was there.</summary>
    ValueTask<int> DiscardAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel);
}
