using Bazil.Remotes.Packs;
using Bazil.Storage.Collection;

namespace Bazil.Server.Collection;

/// <summary>The part of one store beside this node's own in one collection of garbage. A store that fails is named and left for the next one; its rows are looked at all the same.</summary>
internal interface IElsewhereCollection
{
    /// <summary>What the volumes call it.</summary>
    IReadOnlyList<string> Names { get; }

    string Address { get; }

    /// <summary>What became of the objects that this node looks after there.</summary>
    SweepReport Sweep { get; }

    /// <summary>What it takes to give the room back; nothing where objects are deleted one by one.</summary>
    PackPlan Plan { get; }

    /// <summary>What was done about that; null when it was not done.</summary>
    PackReclaim? Done { get; }

    /// <summary>Why the store was left out; null when it was not.</summary>
    string? Problem { get; }

    /// <summary>Looks what is there now.</summary>
    Task PrepareAsync(bool isDryRun, CancellationToken cancel);

    /// <summary>While the marks are there. A failure of the rows fails the collection, one of the store does not.</summary>
    Task SweepAsync(SweepOrder order, CancellationToken cancel);

    /// <summary>When the collection is complete: answers what other nodes have announced, and gives room back.</summary>
    Task ReclaimAsync(CancellationToken cancel);
}
