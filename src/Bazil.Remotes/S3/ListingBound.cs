using Bazil.Storage.Stores;

namespace Bazil.Remotes.S3;

/// <summary>What one listing may hold in memory, whatever the server sends. Shared by its parts.</summary>
internal sealed class ListingBound(string folder)
{
    private int _names;
    private long _letters;

    /// <summary>Counts a file or a prefix that is kept.</summary>
    /// <exception cref="StoreException">There are too many, or the name is longer than any in a folder.</exception>
    public void Take(string name)
    {
        if (name.Length > Limits.NameBytes) throw new StoreException($"{folder}: cannot list it: a name has {name.Length} letters; more than {Limits.NameBytes} are none of a store");
        if (Interlocked.Increment(ref _names) > Limits.ListEntries) throw new StoreException($"{folder}: there are more than {Limits.ListEntries} files in it");
        if (Interlocked.Add(ref _letters, name.Length) > Limits.S3ListLetters) throw new StoreException($"{folder}: the names of the files in it have more than {Limits.S3ListLetters >> 20} million letters");
    }
}
