namespace Bazil.Remotes.Packs;

/// <summary>What a collection may remove from a store elsewhere (docs/gc.md, "A data directory that was restored").</summary>
public enum PackRemoval
{
    /// <summary>Nothing: what is unused is noted, and what other nodes have announced is answered, so that they do not wait for this one.</summary>
    None,

    /// <summary>What this node's rows are no older than.</summary>
    Own,

    /// <summary>Also what was there when its rows turned out to be older than its lease: a person has seen to it that all members have synced.</summary>
    All,
}
