using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>A segment was written by a newer version. What it holds is neither missing nor damaged, and nothing may be decided without it.</summary>
internal sealed class NewerSegmentException(string message) : StoreException(message);
