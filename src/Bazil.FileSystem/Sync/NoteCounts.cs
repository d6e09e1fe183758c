namespace Bazil.FileSystem.Sync;

/// <summary>
/// How much a member has that the one it tells has not got, as far as it knows. Only to be shown to people: it is hearsay, and out of date as soon as it is said.
/// </summary>
/// <param name="Changes">Files, directories and links that were counted.</param>
/// <param name="IsMore">There are more of them.</param>
/// <param name="ContentBytes">Of the contents among them; <see cref="NotCounted"/> when they were too many to look at.</param>
public readonly record struct NoteCounts(uint Changes, bool IsMore, ulong ContentBytes)
{
    public const int Bytes = sizeof(uint) + sizeof(ulong);
    public const ulong NotCounted = ulong.MaxValue;

    /// <param name="changes">As many as were found; one more than <paramref name="most"/> means that there may be any number.</param>
    /// <param name="most">How many were counted at most.</param>
    /// <param name="contentBytes">Null for not counted.</param>
    public static NoteCounts Of(int changes, int most, long? contentBytes) =>
        new((uint)Math.Min(changes, most), changes > most, contentBytes is { } bytes and >= 0 ? (ulong)bytes : NotCounted);
}
