using Bazil.Unix;

namespace Bazil.FileSystem.Sync;

/// <summary>A change by another member that is merged and not shown yet, because a program has the file open for writing.</summary>
/// <param name="Path">From the root of the volume, names joined with slashes; bytes, for names may be no text.</param>
/// <param name="Since">When it came; null when that is not known.</param>
/// <param name="IsDeletion">The other member deleted the file; else it changed its content.</param>
/// <param name="HasUnsaved">The program has written something that is not published yet: both will be kept.</param>
public sealed record PendingChange(ReadOnlyMemory<byte> Path, UnixTime? Since, bool IsDeletion, bool HasUnsaved);
