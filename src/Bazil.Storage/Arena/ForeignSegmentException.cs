using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>A file that is named like a segment of this store and is another one.</summary>
internal sealed class ForeignSegmentException(string message) : StoreException(message);
