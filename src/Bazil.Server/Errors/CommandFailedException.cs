namespace Bazil.Server.Errors;

/// <summary>
/// A command that cannot be done, in words for the person who gave it. The message names the object and the reason;
/// <see cref="NextStep"/> is the command or action that helps, when there is one.
/// </summary>
public sealed class CommandFailedException(ErrorKind kind, string message, string? nextStep = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ErrorKind Kind { get; } = kind;

    /// <summary>A full phrase such as <c>start it with: bazil server run</c>, or null.</summary>
    public string? NextStep { get; } = nextStep;
}
