using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>An object as a store lists it.</summary>
/// <param name="SizeBytes">Of the object itself, without what the store adds.</param>
public readonly record struct StoredObject(ObjectId Id, int SizeBytes);
