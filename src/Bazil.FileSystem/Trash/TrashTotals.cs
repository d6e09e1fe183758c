namespace Bazil.FileSystem.Trash;

/// <summary>How much is in the trash of a volume.</summary>
/// <param name="Entries">Files, directories and other names.</param>
/// <param name="Bytes">Their sizes together; what they share with each other or with files that are there counts as well.</param>
public readonly record struct TrashTotals(long Entries, long Bytes);
