namespace Bazil.Storage.Stores;

/// <summary>What a conversion has moved so far.</summary>
/// <param name="Objects">Objects that are in the new store now, those found there already included.</param>
/// <param name="Bytes">Bytes copied.</param>
/// <param name="LeftObjects">Objects that the old store could not give, or not surely whole; they are still there.</param>
/// <param name="Failure">Why the last one of them stayed.</param>
public readonly record struct ConversionProgress(long Objects, long Bytes, long LeftObjects, StoreException? Failure);
