namespace Bazil.Server.Control.Messages;

/// <summary>A request or reply without content.</summary>
public sealed record Nothing
{
    public static readonly Nothing Instance = new();
}

/// <summary>Why a request was refused.</summary>
/// <param name="Kind">The name of an <see cref="Errors.ErrorKind"/>; an unknown one means <c>Failed</c>.</param>
/// <param name="NextStep">What helps, or null.</param>
public sealed record ErrorReply(string Kind, string Message, string? NextStep);
