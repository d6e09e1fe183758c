using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.FileSystem.Nodes;

/// <summary>A member's word that it holds a key, and that nothing it keeps of the volume needs one of an older epoch.</summary>
public readonly record struct EpochRelease(PeerId Member, KeyFingerprint Key);
