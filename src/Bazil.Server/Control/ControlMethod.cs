namespace Bazil.Server.Control;

/// <summary>One method of the control protocol: its path below the version, and the types that travel.</summary>
/// <typeparam name="TRequest">Known to <see cref="ControlJson"/>.</typeparam>
/// <typeparam name="TReply">Known to <see cref="ControlJson"/>.</typeparam>
public sealed record ControlMethod<TRequest, TReply>(string Path);
