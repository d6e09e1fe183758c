using Bazil.Core;

namespace Bazil.FileSystem.Collection;

/// <summary>Something of which a collection of garbage cannot know what it consists of, so that nothing may be deleted.</summary>
/// <param name="Volume">The name of the volume that needs it.</param>
/// <param name="Path">A file, or a snapshot; for people. Empty for the volume as a whole.</param>
/// <param name="Member">Whose snapshot it is; null for what this node can repair or remove itself.</param>
/// <param name="Reason">Why it cannot be read.</param>
public sealed record UnreadableContent(string Volume, string Path, PeerId? Member, string Reason);
