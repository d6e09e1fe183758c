namespace Bazil.FileSystem.Snapshots.Diff;

/// <summary>Two snapshots differ in more than there is memory for.</summary>
public sealed class TooManyDifferencesException(int countMax) : Exception($"the two differ in more than {countMax} names");
