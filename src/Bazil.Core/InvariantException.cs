namespace Bazil.Core;

/// <summary>A bug of ours was caught by <see cref="Invariant.Check"/>.</summary>
public sealed class InvariantException(string message) : Exception(message);
