namespace Bazil.FileSystem.Epochs;

/// <summary>A rotation cannot be done now. The message says why, <see cref="NextStep"/> what helps.</summary>
public sealed class KeyRotationException(string message, string? nextStep = null) : IOException(message)
{
    public string? NextStep { get; } = nextStep;
}
