using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>An object and one of the places where it lies.</summary>
internal readonly record struct IndexEntry(ObjectId Id, SegmentLocation Location);
