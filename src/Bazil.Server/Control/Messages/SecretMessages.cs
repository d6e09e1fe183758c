namespace Bazil.Server.Control.Messages;

/// <param name="Content">As a person gave it: lines as in <c>~/.aws/credentials</c>.</param>
public sealed record SecretSetRequest(string Name, byte[] Content);

public sealed record SecretRequest(string Name);

public sealed record SecretListReply(IReadOnlyList<SecretInfo> Secrets);

/// <summary>A secret as lists show it, without what it is.</summary>
/// <param name="Storages">Which use it: <c>VOLUME/STORAGE</c>.</param>
public sealed record SecretInfo(string Name, IReadOnlyList<string> Storages);
