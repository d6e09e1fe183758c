using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>An entry on its way into a file: sorted by <paramref name="Place"/>, its segment as a position in the file's list.</summary>
internal readonly record struct IndexRecord(ulong Place, ObjectId Id, ushort Ordinal, uint Block);
