namespace Bazil.Core;

/// <summary>Bytes from a disk or a peer do not follow their format. The message says which format and where.</summary>
public sealed class WireFormatException(string message) : FormatException(message);
