namespace Bazil.Remotes.Packs;

/// <summary>What was done in a folder to give room back, and what stands in the way.</summary>
/// <param name="RemovedPacks">Files that were removed.</param>
/// <param name="RemovedBytes">What they took.</param>
/// <param name="MovedObjects">What was in them, or in those that others remove, and is needed: written anew.</param>
/// <param name="MovedBytes">How much that was; each byte is read and written.</param>
/// <param name="WaitingPacks">Files that are announced and not removed yet.</param>
/// <param name="WaitingBytes">What they take.</param>
/// <param name="Since">When they were announced; null for none.</param>
/// <param name="Blockers">The nodes that have not said yet that they need nothing of these.</param>
/// <param name="Problems">What could not be done, and why; nothing was removed for these.</param>
public sealed record PackReclaim(
    long RemovedPacks, long RemovedBytes, long MovedObjects, long MovedBytes, long WaitingPacks, long WaitingBytes, DateTimeOffset? Since, IReadOnlyList<PackBlocker> Blockers, IReadOnlyList<string> Problems);
