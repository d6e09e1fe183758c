namespace Bazil.Server.Control.Messages;

/// <param name="Secret">Exactly 32 bytes.</param>
public sealed record SharingAddRequest(string Name, byte[] Secret);

public sealed record SharingListReply(IReadOnlyList<SharingInfo> Keys);

/// <summary>A sharing key as lists show it, without its bytes.</summary>
/// <param name="Volumes">Names of the volumes that it seals, in an epoch that has not retired.</param>
/// <param name="Fingerprint">32 hex digits that name the key, the same on every machine.</param>
public sealed record SharingInfo(string Name, IReadOnlyList<string> Volumes, string Fingerprint);

public sealed record SharingRequest(string Name);

/// <param name="Secret">The 32 bytes of the key.</param>
public sealed record SharingExportReply(byte[] Secret, IReadOnlyList<string> Volumes);
