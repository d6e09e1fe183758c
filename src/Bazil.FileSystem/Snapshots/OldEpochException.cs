namespace Bazil.FileSystem.Snapshots;

/// <summary>Content of a snapshot is sealed under an earlier sharing key than the snapshot itself: one key does not open all of it.</summary>
public sealed class OldEpochException(string name, uint epoch, uint newest)
    : Exception($"the content of {name} is sealed under an earlier sharing key (epoch {epoch}, and {newest} is the snapshot's)");
