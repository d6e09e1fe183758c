using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>An object in a pack.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Offset">Where its bytes begin in the pack.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Checksum">Of its bytes.</param>
internal readonly record struct PackEntry(ObjectId Id, int Offset, int Length, ObjectChecksum Checksum);
