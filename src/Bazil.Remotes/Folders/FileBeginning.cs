namespace Bazil.Remotes.Folders;

/// <summary>The bytes that a file begins with: tells one folder from another.</summary>
public sealed record FileBeginning(string Name, ReadOnlyMemory<byte> Bytes);
