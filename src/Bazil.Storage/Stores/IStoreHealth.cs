namespace Bazil.Storage.Stores;

/// <summary>A store that tells what is wrong with it. Safe for concurrent use.</summary>
public interface IStoreHealth
{
    /// <summary>What was found wrong since the store was opened, the first thousand of it.</summary>
    IReadOnlyList<StoreProblem> Problems { get; }

    /// <summary>Why the store takes no changes until it is opened again; null when it does.</summary>
    StoreException? Broken { get; }
}
