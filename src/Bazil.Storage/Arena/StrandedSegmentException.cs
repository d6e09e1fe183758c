namespace Bazil.Storage.Arena;

/// <summary>A segment cannot be emptied: something in it can neither be moved nor set aside.</summary>
internal sealed class StrandedSegmentException(string message) : IOException(message);
