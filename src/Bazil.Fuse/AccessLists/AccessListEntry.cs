namespace Bazil.Fuse;

/// <summary>One line of a POSIX access list.</summary>
/// <param name="Tag">Whom it is about.</param>
/// <param name="Permissions">Read 4, write 2, execute 1.</param>
/// <param name="Id">The user or group of a named entry; otherwise without meaning.</param>
public readonly record struct AccessListEntry(AccessListTag Tag, uint Permissions, uint Id);
