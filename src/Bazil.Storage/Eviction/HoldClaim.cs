using Bazil.Core;

namespace Bazil.Storage.Eviction;

/// <summary>Why somebody who asks for objects to be held believes that the other keeps them when the hold is over: it has the volume that refers to them, and knows the changes that name them.</summary>
/// <param name="Volume">Whose objects they are.</param>
/// <param name="Known">What the other is taken to know of the volume, as far as it is about these objects.</param>
public sealed record HoldClaim(VolumeId Volume, Knowledge Known);
