namespace Bazil.Server.Control.Messages;

/// <param name="Secret">Exactly 32 bytes.</param>
public sealed record SharingAddRequest(string Name, byte[] Secret);

public sealed record SharingListReply(IReadOnlyList<SharingInfo> Keys);

/// <summary>A sharing key as lists show it; its bytes never leave the server.</summary>
/// <param name="Volumes">Names of the volumes that it seals.</param>
public sealed record SharingInfo(string Name, IReadOnlyList<string> Volumes);
