using Bazil.Core;

namespace Bazil.Peers;

/// <summary>A peer's volume whose sharing key both sides have proved.</summary>
/// <param name="Id">The volume.</param>
/// <param name="KeyGeneration">The generation of the key that was proved; 1 for a volume that was never rotated.</param>
public readonly record struct ConnectedVolume(VolumeId Id, uint KeyGeneration);
