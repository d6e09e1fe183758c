using Bazil.Server.Storages;

namespace Bazil.Server.Config;

/// <summary>One storage of a volume under its local name. The first one of a volume is the one that is written to.</summary>
public sealed record VolumeStorage(string Name, StorageAddress Address);
